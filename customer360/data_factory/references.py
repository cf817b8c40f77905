"""Whether every reference inside a factory leads somewhere, each with its parameters.

The factory's own validation happens in the portal, after a deployment; this one needs the files
only. References between the activities of one pipeline are in `activity_references`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from customer360.data_factory.activity_references import activity_problems
from customer360.data_factory.factory import FOLDERS
from customer360.data_factory.vocabulary import Json
from customer360.errors import DataFactoryError

_FOLDER_OF: Final = {
    "LinkedServiceReference": "linkedService",
    "DatasetReference": "dataset",
    "PipelineReference": "pipeline",
}
# How each folder's expressions name parameters: pattern, and where they are declared.
_OWN: Final = {
    "linkedService": r"linkedService\(\)\.(\w+)",
    "dataset": r"dataset\(\)\.(\w+)",
    "pipeline": r"pipeline\(\)\.parameters\.(\w+)",
}
_GLOBAL: Final = re.compile(r"pipeline\(\)\.globalParameters\.(\w+)")


def check_references(documents: Mapping[str, Json]) -> None:
    """Refuse a factory in which something refers to nothing.

    Args:
        documents: JSON documents by path, as `factory.read_factory` gives them.

    Raises:
        DataFactoryError: The message has a line per problem: file, place in it, what is wrong.
    """
    problems = list(reference_problems(documents))
    if problems:
        raise DataFactoryError(
            "The factory has references that lead nowhere:\n  " + "\n  ".join(problems)
        )


def reference_problems(documents: Mapping[str, Json]) -> Iterator[str]:
    """Every reference that leads nowhere, as `file place: what is wrong`."""
    for path, document in documents.items():
        folder, name = PurePosixPath(path).parts[0], PurePosixPath(path).stem
        if folder not in FOLDERS:
            yield f"{path}: no such folder in a factory; known: {', '.join(FOLDERS)}"
        if document.get("name") != name:
            yield f"{path} $.name: found {document.get('name')!r}, expected the file's name"
        for place, value in walk(document):
            found = _problems_at(documents, path, folder, value)
            yield from (f"{path} {place}: {problem}" for problem in found)
        if folder == "pipeline":
            yield from (f"{path} {problem}" for problem in activity_problems(document))


def walk(value: Any, place: str = "$") -> Iterator[tuple[str, Any]]:
    """Every value of a document with its place, from the outside in."""
    yield place, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from walk(inner, f"{place}.{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from walk(inner, f"{place}[{number}]")


def _problems_at(
    documents: Mapping[str, Json], path: str, folder: str, value: Any
) -> Iterator[str]:
    if isinstance(value, str) and "@" in value:
        yield from _expression_problems(documents, path, folder, value)
    if not isinstance(value, dict):
        return
    yield from _target_problems(documents, value)
    # Parameters of a pipeline stand beside the reference, those of a dataset inside it.
    for role in ("pipeline", "pipelineReference"):
        link = value.get(role)
        if isinstance(link, dict) and "referenceName" in link:
            yield from _parameter_problems(documents, link, value.get("parameters", {}))
    if value.get("type") in ("DatasetReference", "LinkedServiceReference"):
        yield from _parameter_problems(documents, value, value.get("parameters", {}))


def _target(documents: Mapping[str, Json], link: Json) -> Json | None:
    folder = _FOLDER_OF.get(str(link.get("type")), "?")
    return documents.get(f"{folder}/{link.get('referenceName')}.json")


def _target_problems(documents: Mapping[str, Json], value: Json) -> Iterator[str]:
    if "referenceName" not in value:
        return
    kind, name = value.get("type"), value["referenceName"]
    if kind not in _FOLDER_OF:
        yield f"{kind!r} is not a kind of reference; known: {', '.join(_FOLDER_OF)}"
    elif _target(documents, value) is None:
        yield f"no {_FOLDER_OF[kind]} {name!r}"


def _parameter_problems(
    documents: Mapping[str, Json], link: Json, given: Mapping[str, Any]
) -> Iterator[str]:
    target = _target(documents, link)
    if target is None:
        return
    declared: Json = target["properties"].get("parameters", {})
    name = link["referenceName"]
    for unknown in sorted(given.keys() - declared.keys()):
        yield f"{name!r} has no parameter {unknown!r}"
    required = {each for each, what in declared.items() if "defaultValue" not in what}
    for missing in sorted(required - given.keys()):
        yield f"{name!r} needs the parameter {missing!r}"


def _expression_problems(
    documents: Mapping[str, Json], path: str, folder: str, text: str
) -> Iterator[str]:
    declared: Json = documents[path].get("properties", {}).get("parameters", {})
    for kind, pattern in _OWN.items():
        for name in re.findall(pattern, text):
            if kind != folder:
                yield f"{kind}() has no meaning in a {folder}"
            elif name not in declared:
                yield f"no parameter {name!r} is declared here"
    shared: set[str] = set()
    for other, document in documents.items():
        if other.startswith("factory/"):
            shared |= document.get("properties", {}).get("globalParameters", {}).keys()
    for name in _GLOBAL.findall(text):
        if name not in shared:
            yield f"no global parameter {name!r} in factory/"
