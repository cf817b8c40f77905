"""The pipeline over all sources, the list that it works off, and the trigger that starts it."""

from __future__ import annotations

from collections.abc import Sequence

from customer360.data_factory import stores
from customer360.data_factory.activities import activity, call
from customer360.data_factory.pipelines import pipeline
from customer360.data_factory.vocabulary import (
    COPY_FILES,
    COPY_PAGES,
    COPY_TABLE,
    ENTITIES,
    ENTITY,
    INGEST_DAY,
    REQUEST,
    WINDOW_END,
    WINDOW_START,
    Json,
    expression,
    parameter,
    reference,
    shared,
)
from customer360.sources.copies import FilesCopy, PagesCopy, TableCopy
from customer360.sources.spec import EntitySpec, SourceSpec

_WANTED = "wanted"
# How many entities are copied at a time: gentle to source systems, and each has little a day.
_AT_A_TIME = 4


def build_master(sources: Sequence[SourceSpec]) -> Json:
    """The pipeline that copies a window of all entities, or of those named."""
    entities = parameter(ENTITIES)
    wanted = {
        "items": expression(parameter("sources")),
        "condition": expression(f"or(empty({entities}), contains({entities}, item().entity))"),
    }
    each = {
        "items": expression(f"activity('{_WANTED}').output.value"),
        "isSequential": False,
        "batchCount": _AT_A_TIME,
        "activities": [_by_kind()],
    }
    parameters: Json = {
        WINDOW_START: {"type": "string"},
        WINDOW_END: {"type": "string"},
        ENTITIES: {"type": "array", "defaultValue": []},
        REQUEST: {"type": "string", "defaultValue": ""},
        "sources": {
            "type": "array",
            "defaultValue": [_item(s, e) for s in sources for e in s.entities],
        },
    }
    return pipeline(
        "Copies one window of every entity, or of those named, to the landing day it began on.",
        [
            activity(_WANTED, "Filter", wanted),
            activity("for each entity", "ForEach", each, after=(_WANTED,)),
        ],
        parameters,
    )


def _by_kind() -> Json:
    """A switch over the kinds of system; an unknown kind fails instead of copying nothing."""
    cases = [
        (TableCopy.kind, COPY_TABLE, True),
        (PagesCopy.kind, COPY_PAGES, True),
        (FilesCopy.kind, COPY_FILES, False),
    ]
    unknown = activity(
        "unknown kind",
        "Fail",
        {
            "message": expression(
                "concat('No pipeline copies from the kind ', item().kind, ', entity ', "
                "item().entity)"
            ),
            "errorCode": "unknown_kind",
        },
    )
    return activity(
        "by kind of system",
        "Switch",
        {
            "on": expression("item().kind"),
            "cases": [
                {"value": kind, "activities": [_run(kind, name, is_connected)]}
                for kind, name, is_connected in cases
            ],
            "defaultActivities": [unknown],
        },
    )


def _run(kind: str, name: str, is_connected: bool) -> Json:
    parameters = {
        ENTITY: expression("item().entity"),
        "item": expression("item()"),
        WINDOW_START: expression(parameter(WINDOW_START)),
        WINDOW_END: expression(parameter(WINDOW_END)),
    }
    if is_connected:
        parameters["connection"] = expression(f"{shared('connections')}[item().source]")
    return call(f"copy {kind}", name, parameters)


def _item(source: SourceSpec, entity: EntitySpec) -> Json:
    """One element of the source list."""
    copy = entity.copied_from
    item: Json = {
        "entity": source.table(entity.name),
        "source": source.name,
        "folder": f"{source.name}/{entity.name}",
        "kind": copy.kind,
    }
    match copy:
        case TableCopy():
            return item | {"table": copy.table, "changed_at": copy.changed_at}
        case PagesCopy():
            return item | {"path": copy.path, "translator": _translator(copy, entity)}
        case FilesCopy():
            return item | {"drop_folder": copy.folder or item["folder"]}


def _translator(copy: PagesCopy, entity: EntitySpec) -> Json:
    """Which fields of a record are copied: a copy out of a list has to name each of them.

    Paths, not columns, are named: the landed record keeps its nesting. A nested list is copied
    whole, as JSON text would not be.
    """
    paths = dict.fromkeys(path for field in entity.fields for path in field.source_paths)
    paths |= dict.fromkeys((child.path,) for child in entity.children)
    return {
        "type": "TabularTranslator",
        "collectionReference": f"$['{copy.records}']",
        "mapComplexValuesToString": False,
        "mappings": [
            {
                "source": {"path": "".join(f"['{step}']" for step in path)},
                "sink": {"path": "$" + "".join(f"['{step}']" for step in path)},
            }
            for path in paths
        ],
    }


def connections(sources: Sequence[SourceSpec]) -> Json:
    """What a deployment has to fill in per source that is connected to: placeholders by name.

    Secrets are not among them: the last of each is the name of a secret in the Key Vault.
    """
    found: Json = {}
    for source in sources:
        kinds = {entity.copied_from.kind for entity in source.entities}
        if TableCopy.kind in kinds:
            found.setdefault(source.name, {}).update(_database(source.name))
        if PagesCopy.kind in kinds:
            found.setdefault(source.name, {}).update(_rest(source.name))
    return found


def _database(source: str) -> Json:
    values = (f"{source}.example.com", "5432", source, "customer360_reader", f"{source}-password")
    return dict(zip(stores.DATABASE_CONNECTION, values, strict=True))


def _rest(source: str) -> Json:
    values = (f"https://{source}.example.com/", f"{source}-authorization")
    return dict(zip(stores.REST_CONNECTION, values, strict=True))


def build_trigger() -> Json:
    """Starts the master for each day (UTC) when it has ended and an hour has passed.

    Tumbling windows know no days, but 24 hours. A window that fails is tried again as itself, and
    windows that were missed are made up one after the other.
    """
    outputs = "@trigger().outputs"
    return {
        "description": "Each day (UTC), an hour after its end.",
        "annotations": ["customer360"],
        "runtimeState": "Stopped",
        "pipeline": {
            "pipelineReference": reference("Pipeline", INGEST_DAY),
            "parameters": {
                WINDOW_START: f"{outputs}.windowStartTime",
                WINDOW_END: f"{outputs}.windowEndTime",
            },
        },
        "type": "TumblingWindowTrigger",
        "typeProperties": {
            "frequency": "Hour",
            "interval": 24,
            "startTime": "2026-01-01T00:00:00Z",
            "delay": "01:00:00",
            "maxConcurrency": 1,
            "retryPolicy": {"count": 2, "intervalInSeconds": 900},
            "dependsOn": [],
        },
    }
