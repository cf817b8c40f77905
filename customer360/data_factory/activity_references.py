"""Whether the activities of one pipeline refer to each other, and are nested, as is allowed."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from customer360.data_factory.vocabulary import Json

_OUTPUT_OF: Final = re.compile(r"activity\('([^']*)'\)")
_LOOPS: Final = ("ForEach", "Until")
# Where a container keeps activities.
_INNER: Final = ("activities", "ifTrueActivities", "ifFalseActivities", "defaultActivities")
# What the factory refuses inside a container when it is deployed.
_NOT_INSIDE: Final = {
    "ForEach": _LOOPS,
    "Until": _LOOPS,
    "IfCondition": (*_LOOPS, "IfCondition", "Switch"),
    "Switch": (*_LOOPS, "IfCondition", "Switch"),
}


def activity_problems(pipeline: Json) -> Iterator[str]:
    """Every problem of a pipeline's activities, as `place: what is wrong`."""
    activities = pipeline.get("properties", {}).get("activities", [])
    names = Counter(each["name"] for each in _all(activities))
    for name in sorted(name for name, times in names.items() if times > 1):
        yield f"$.properties.activities: {name!r} is the name of several activities"
    yield from _list_problems(activities, "$.properties.activities", frozenset(), "", False)


def _list_problems(
    activities: list[Json], place: str, outer: frozenset[str], container: str, in_loop: bool
) -> Iterator[str]:
    """Problems of a list of activities.

    Args:
        activities: The list.
        place: Where it is.
        outer: Activities that have ended before the list begins.
        container: Type of the activity around it, empty for the pipeline itself.
        in_loop: Whether `item()` has a meaning.
    """
    beside = {each["name"]: each for each in activities}
    for number, each in enumerate(activities):
        where = f"{place}[{number}]"
        if each["type"] in _NOT_INSIDE.get(container, ()):
            yield f"{where}: the factory allows no {each['type']} inside a {container}"
        for depends in each.get("dependsOn", []):
            if depends["activity"] not in beside:
                yield f"{where}.dependsOn: no activity {depends['activity']!r} beside this one"
        before = outer | _before(each, beside)
        yield from _expression_problems(each, where, before, in_loop)
        for inner_place, inner in _inner(each):
            loops = in_loop or each["type"] == "ForEach"
            yield from _list_problems(inner, f"{where}.{inner_place}", before, each["type"], loops)


def _before(activity: Json, beside: dict[str, Json]) -> frozenset[str]:
    """Activities of the same list that this one waits for, directly or not."""
    found: set[str] = set()
    waiting = [activity]
    while waiting:
        for depends in waiting.pop().get("dependsOn", []):
            name = depends["activity"]
            if name not in found and name in beside:
                found.add(name)
                waiting.append(beside[name])
    return frozenset(found)


def _expression_problems(
    activity: Json, where: str, before: frozenset[str], in_loop: bool
) -> Iterator[str]:
    text = json.dumps(_without_inner(activity))
    for name in sorted(set(_OUTPUT_OF.findall(text)) - before):
        yield f"{where}: uses the output of {name!r}, which has not ended before it"
    if "item()" in text and not in_loop and activity["type"] != "Filter":
        yield f"{where}: item() has no meaning outside a loop"


def _inner(activity: Json) -> Iterator[tuple[str, list[Json]]]:
    properties = activity.get("typeProperties", {})
    for key in _INNER:
        if isinstance(properties.get(key), list):
            yield f"typeProperties.{key}", properties[key]
    for number, case in enumerate(properties.get("cases", [])):
        yield f"typeProperties.cases[{number}].activities", case.get("activities", [])


def _without_inner(activity: Json) -> dict[str, Any]:
    properties = activity.get("typeProperties", {})
    own = {key: value for key, value in properties.items() if key not in (*_INNER, "cases")}
    return activity | {"typeProperties": own}


def _all(activities: list[Json]) -> Iterator[Json]:
    for each in activities:
        yield each
        for _, inner in _inner(each):
            yield from _all(inner)
