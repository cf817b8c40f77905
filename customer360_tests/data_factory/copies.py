"""Copy activities, executed for real, for the sources and sinks that `adf/` has."""

from __future__ import annotations

import fnmatch
import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from customer360_tests.data_factory.world import ActivityError, World

Json = Mapping[str, Any]
# Called for each row or file: raises when the run is cancelled.
Step = Callable[[], None]


def copy(world: World, activity: Json, reads: Json, writes: Json, step: Step) -> dict[str, Any]:
    """Execute a copy.

    Args:
        world: What can be reached.
        activity: The activity's typeProperties, evaluated.
        reads: The dataset it reads, evaluated, with its linked service under `service`.
        writes: The dataset it writes, the same way.
        step: Called for each row or file.

    Returns:
        The activity's output, in the factory's names.
    """
    source = activity["source"]
    if source["type"] == "BinarySource":
        return _copy_files(world, source, reads, writes, step)
    if source["type"] == "PostgreSqlV2Source":
        rows: Iterator[Any] = _database_rows(world, source, reads)
    elif source["type"] == "RestSource":
        rows = _mapped(_pages(world, source, reads), activity["translator"])
    else:
        raise ActivityError(f"no source of type {source['type']!r}")
    return _write_rows(world, activity["sink"], writes, rows, step)


def _database_rows(world: World, source: Json, reads: Json) -> Iterator[tuple[Any, ...]]:
    to = reads["service"]["typeProperties"]
    host, _, port = world.authority(f"{to['server']}:{to['port']}").rpartition(":")
    try:
        with psycopg.connect(
            host=host,
            port=port,
            dbname=to["database"],
            user=to["username"],
            password=world.secret(to["password"]),
        ) as connection:
            yield from connection.execute(source["query"])
    except psycopg.Error as error:
        raise ActivityError(f"PostgreSQL: {error}") from error


def _pages(world: World, source: Json, reads: Json) -> Iterator[Json]:
    to = reads["service"]["typeProperties"]
    secret = world.secret(to["authHeaders"]["Authorization"])
    assert source["paginationRules"] == {"AbsoluteUrl": "$.next"}, source["paginationRules"]
    url = to["url"] + reads["typeProperties"]["relativeUrl"]
    while url:
        parts = urlsplit(url)
        authority = world.authority(f"{parts.scheme}://{parts.netloc}")
        request = urllib.request.Request(  # noqa: S310 - http only
            urlunsplit(("http", authority, parts.path, parts.query, "")),
            headers={"Authorization": secret},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - http only
                page = json.load(answer)
        except urllib.error.HTTPError as error:
            raise ActivityError(f"REST: HTTP {error.code} from {url}") from error
        except OSError as error:
            raise ActivityError(f"REST: no answer from {url}") from error
        yield page
        url = page["next"]


def _mapped(pages: Iterator[Json], translator: Json) -> Iterator[Json]:
    """Records of all pages, reduced to the paths that are mapped."""
    records = translator["collectionReference"].removeprefix("$['").removesuffix("']")
    for page in pages:
        for record in page[records]:
            row: dict[str, Any] = {}
            for mapping in translator["mappings"]:
                steps = mapping["source"]["path"].strip("[]'").split("']['")
                assert mapping["sink"]["path"] == "$" + mapping["source"]["path"]
                _put(row, steps, _at(record, steps))
            yield row


def _at(record: Any, steps: list[str]) -> Any:
    for step in steps:
        record = record.get(step) if isinstance(record, Mapping) else None
    return record


def _put(row: dict[str, Any], steps: list[str], value: Any) -> None:
    for step in steps[:-1]:
        row = row.setdefault(step, {})
    row[steps[-1]] = value


def _write_rows(
    world: World, sink: Json, writes: Json, rows: Iterator[Any], step: Step
) -> dict[str, Any]:
    location = writes["typeProperties"]["location"]
    folder = world.folder(writes["service"], location)
    folder.mkdir(parents=True, exist_ok=True)
    line = {"DelimitedTextSink": _delimited, "JsonSink": _json_line}[sink["type"]]
    count = size = 0
    with (folder / location["fileName"]).open("wb") as out:
        for row in rows:
            step()
            size += out.write(line(sink, writes["typeProperties"], row))
            count += 1
    return {
        "rowsRead": count,
        "rowsCopied": count,
        "dataRead": size,
        "dataWritten": size,
        "filesWritten": 1,
        "copyDuration": 1,
    }


def _delimited(_: Json, form: Json, row: tuple[Any, ...]) -> bytes:
    assert (form["quoteChar"], form["escapeChar"], form["firstRowAsHeader"]) == ("", "", False)
    values = ["" if value is None else str(value) for value in row]
    for value in values:
        # Without quotes nothing keeps a delimiter in a value from ending it.
        assert form["columnDelimiter"] not in value
        assert form["rowDelimiter"] not in value
    return (form["columnDelimiter"].join(values) + form["rowDelimiter"]).encode()


def _json_line(sink: Json, _: Json, row: Json) -> bytes:
    assert sink["formatSettings"]["filePattern"] == "setOfObjects"
    return (json.dumps(row) + "\n").encode()


def _copy_files(
    world: World, source: Json, reads: Json, writes: Json, step: Step
) -> dict[str, Any]:
    settings = source["storeSettings"]
    assert settings["recursive"] is False
    files = [
        path
        for path in list_folder(world, reads)
        if path.is_file() and fnmatch.fnmatch(path.name, settings["wildcardFileName"])
    ]
    folder = world.folder(writes["service"], writes["typeProperties"]["location"])
    folder.mkdir(parents=True, exist_ok=True)
    size = 0
    for path in files:
        step()
        shutil.copyfile(path, folder / path.name)
        size += path.stat().st_size
    return {
        "filesRead": len(files),
        "filesWritten": len(files),
        "dataRead": size,
        "dataWritten": size,
        "copyDuration": 1,
    }


def list_folder(world: World, dataset: Json) -> list[Path]:
    """What lies directly in a dataset's folder."""
    folder = world.folder(dataset["service"], dataset["typeProperties"]["location"])
    if not folder.is_dir():
        raise ActivityError(f"the path {folder.name} does not exist")
    return sorted(folder.iterdir())


def get_metadata(world: World, fields: list[str], dataset: Json) -> dict[str, Any]:
    """Output of an activity that asks for `exists` or `childItems`."""
    folder = world.folder(dataset["service"], dataset["typeProperties"]["location"])
    if fields == ["exists"]:
        return {"exists": folder.is_dir()}
    assert fields == ["childItems"], fields
    items = [
        {"name": path.name, "type": "File" if path.is_file() else "Folder"}
        for path in list_folder(world, dataset)
    ]
    return {"childItems": items}
