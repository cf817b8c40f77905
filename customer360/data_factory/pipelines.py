"""The copy pipelines: one for each kind of system, for one entity and one window."""

from __future__ import annotations

from customer360.data_factory import stores
from customer360.data_factory.activities import (
    ASIDE_FOLDER,
    COPY_FILE,
    DAY,
    activity,
    call,
    copy_activity,
    in_lake,
    policy,
    publish,
)
from customer360.data_factory.vocabulary import (
    COPY,
    COPY_FILES,
    COPY_PAGES,
    COPY_TABLE,
    ENTITY,
    LAND_FILES,
    WINDOW_END,
    WINDOW_START,
    Json,
    expression,
    parameter,
    reference,
    shared,
)

_LOOK = "look for the day"
_LIST = "list copied files"


def build_copy_pipelines() -> dict[str, Json]:
    """The pipelines that copy, by name."""
    return {
        COPY_TABLE: _copy_table(),
        COPY_PAGES: _copy_pages(),
        COPY_FILES: _copy_files(),
        LAND_FILES: _land_files(),
    }


def pipeline(description: str, activities: list[Json], parameters: Json) -> Json:
    """A pipeline's properties."""
    return {
        "description": description,
        "activities": activities,
        "parameters": parameters,
        "folder": {"name": "customer360"},
        "annotations": ["customer360"],
    }


def _parameters(*, connection: bool) -> Json:
    strings = {name: {"type": "string"} for name in (ENTITY, WINDOW_START, WINDOW_END)}
    objects = ("item", "connection") if connection else ("item",)
    return strings | {name: {"type": "object"} for name in objects}


def _connection(names: tuple[str, ...]) -> Json:
    return {name: expression(f"{parameter('connection')}.{name}") for name in names}


def _moment(name: str) -> str:
    return f"formatDateTime({parameter(name)}, 'yyyy-MM-ddTHH:mm:ssZ')"


def _publish_rows() -> Json:
    """Publish what was copied, if there was anything: a copy of nothing may have made no file."""
    condition = f"greater(activity('{COPY}').output.rowsCopied, 0)"
    properties = {
        "expression": expression(condition),
        "ifTrueActivities": [publish(COPY_FILE)],
    }
    return activity("if there are rows", "IfCondition", properties, after=(COPY,))


def _copy_table() -> Json:
    item = parameter("item")
    # One column, the row as JSON text: no column is lost that nobody declared, null differs from
    # an empty text, and the database itself writes times and amounts. A window holds what changed
    # from its start on and before its end.
    query = (
        "concat('select row_to_json(copied)::text as record from (select * from ', "
        f"{item}.table, ' where ', {item}.changed_at, ' >= ''', {_moment(WINDOW_START)}, "
        f"''' and ', {item}.changed_at, ' < ''', {_moment(WINDOW_END)}, ''' order by ', "
        f"{item}.changed_at, ') as copied')"
    )
    source = {
        "type": "PostgreSqlV2Source",
        "query": expression(query),
        "queryTimeout": "02:00:00",
    }
    sink = {
        "type": "DelimitedTextSink",
        "storeSettings": {"type": "AzureBlobFSWriteSettings"},
        "formatSettings": {
            "type": "DelimitedTextWriteSettings",
            "quoteAllText": False,
            "fileExtension": ".jsonl",
        },
    }
    reads = reference("Dataset", stores.DATABASE_ROWS, **_connection(stores.DATABASE_CONNECTION))
    writes = in_lake(stores.LANDING_LINES, ASIDE_FOLDER, COPY_FILE)
    return pipeline(
        "Copies the rows of a PostgreSQL table that changed in a window, as JSON lines.",
        [copy_activity(COPY, source, sink, reads, writes), _publish_rows()],
        _parameters(connection=True),
    )


def _copy_pages() -> Json:
    item = parameter("item")
    address = (
        f"concat({item}.path, '?since=', encodeUriComponent({_moment(WINDOW_START)}), '&until=', "
        f"encodeUriComponent({_moment(WINDOW_END)}))"
    )
    source = {
        "type": "RestSource",
        "httpRequestTimeout": "00:01:40",
        "requestInterval": "00.00:00:00.010",
        "requestMethod": "GET",
        "paginationRules": {"AbsoluteUrl": "$.next"},
    }
    sink = {
        "type": "JsonSink",
        "storeSettings": {"type": "AzureBlobFSWriteSettings"},
        "formatSettings": {"type": "JsonWriteSettings", "filePattern": "setOfObjects"},
    }
    reads = reference(
        "Dataset",
        stores.REST_PAGES,
        **_connection(stores.REST_CONNECTION),
        relative_url=expression(address),
    )
    writes = in_lake(stores.LANDING_JSON, ASIDE_FOLDER, COPY_FILE)
    copy = copy_activity(
        COPY, source, sink, reads, writes, translator=expression(f"{item}.translator")
    )
    return pipeline(
        "Copies all pages that a REST interface gives for a window, as JSON lines.",
        [copy, _publish_rows()],
        _parameters(connection=True),
    )


def _dropped(folder: str) -> Json:
    return reference(
        "Dataset",
        stores.DROPPED_FILES,
        url=expression(shared("drop_url")),
        container=expression(shared("drop_container")),
        folder=expression(folder),
    )


_DROP_FOLDER = f"concat({parameter('item')}.drop_folder, '/', {DAY})"
_READ_DROP: Json = {"type": "AzureBlobStorageReadSettings", "recursive": False}


def _copy_files() -> Json:
    look = activity(
        _LOOK,
        "GetMetadata",
        {
            "dataset": _dropped(_DROP_FOLDER),
            "fieldList": ["exists"],
            "storeSettings": _READ_DROP | {"recursive": True},
            "formatSettings": {"type": "BinaryReadSettings"},
        },
        policy=policy("0.00:10:00"),
    )
    names = (ENTITY, WINDOW_START, WINDOW_END, "item")
    # A loop may not stand inside a condition, so landing is a pipeline of its own.
    land = call("land the day", LAND_FILES, {n: expression(parameter(n)) for n in names})
    condition = {
        "expression": expression(f"activity('{_LOOK}').output.exists"),
        "ifTrueActivities": [land],
    }
    return pipeline(
        "Copies the files that a system dropped for a window's day; on a day without, nothing.",
        [look, activity("if there is a day", "IfCondition", condition, after=(_LOOK,))],
        _parameters(connection=False),
    )


def _land_files() -> Json:
    source = {
        "type": "BinarySource",
        "storeSettings": _READ_DROP | {"wildcardFileName": "*"},
        "formatSettings": {"type": "BinaryReadSettings"},
    }
    sink = {"type": "BinarySink", "storeSettings": {"type": "AzureBlobFSWriteSettings"}}
    writes = in_lake(stores.LANDING_FILES, ASIDE_FOLDER)
    listing = activity(
        _LIST,
        "GetMetadata",
        {
            "dataset": writes,
            "fieldList": ["childItems"],
            "storeSettings": {"type": "AzureBlobFSReadSettings", "recursive": True},
            "formatSettings": {"type": "BinaryReadSettings"},
        },
        after=(COPY,),
        policy=policy("0.00:10:00"),
    )
    each = {
        "items": expression(f"activity('{_LIST}').output.childItems"),
        "isSequential": False,
        "batchCount": 10,
        "activities": [publish("item().name")],
    }
    return pipeline(
        "Copies all files of a day aside, then makes one after the other visible, each whole.",
        [
            copy_activity(COPY, source, sink, _dropped(_DROP_FOLDER), writes),
            listing,
            activity("for each file", "ForEach", each, after=(_LIST,)),
        ],
        _parameters(connection=False),
    )
