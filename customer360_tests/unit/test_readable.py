"""What shuts old readers of Delta out is seen and named."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from customer360.serving.readable import reader_problems

ROWS = pa.table({"day": ["a"], "at": pa.array([datetime(2026, 1, 1, tzinfo=UTC)])})


def test_a_table_of_this_platform_is_readable_also_after_a_checkpoint(tmp_path: Path) -> None:
    write_deltalake(tmp_path, ROWS)
    DeltaTable(tmp_path).create_checkpoint()
    assert reader_problems(DeltaTable(tmp_path)) == []


@pytest.mark.parametrize(
    ("rows", "options", "problems"),
    [
        (ROWS, {"partition_by": ["day"]}, ["is partitioned by day"]),
        (
            pa.table({"at": pa.array([datetime(2026, 1, 1)])}),  # noqa: DTZ001 - that is the fault
            {},
            [
                "found reader version 3, expected 1",
                "column at has the type timestamp_ntz",
            ],
        ),
        (
            pa.table({"tags": pa.array([["a"]])}),
            {},
            [
                (
                    "column tags has the type {'type': 'array', 'elementType': 'string', "
                    "'containsNull': True}"
                )
            ],
        ),
    ],
)
def test_a_table_that_is_not_readable_says_why(
    tmp_path: Path, rows: pa.Table, options: dict[str, Any], problems: list[str]
) -> None:
    write_deltalake(tmp_path, rows, **options)
    assert reader_problems(DeltaTable(tmp_path)) == problems


def _with_physical_names(metadata: dict[str, Any]) -> str:
    schema = json.loads(metadata["schemaString"])
    for number, field in enumerate(schema["fields"], start=1):
        field["metadata"] = {
            "delta.columnMapping.id": number,
            "delta.columnMapping.physicalName": field["name"],
        }
    return json.dumps(schema)


@pytest.mark.parametrize(
    ("feature", "property_name", "value"),
    [
        ("deletionVectors", "delta.enableDeletionVectors", "true"),
        ("columnMapping", "delta.columnMapping.mode", "name"),
        ("v2Checkpoint", "delta.checkpointPolicy", "v2"),
    ],
)
def test_what_a_newer_writer_turned_on_is_named(
    tmp_path: Path, feature: str, property_name: str, value: str
) -> None:
    write_deltalake(tmp_path, ROWS)
    # As Databricks would write it; delta-rs itself turns none of them on.
    (log,) = (tmp_path / "_delta_log").glob("*.json")
    actions = [json.loads(line) for line in log.read_text().splitlines()]
    for action in actions:
        if "protocol" in action:
            action["protocol"] = {
                "minReaderVersion": 3,
                "minWriterVersion": 7,
                "readerFeatures": [feature],
                "writerFeatures": [feature],
            }
        if "metaData" in action:
            action["metaData"]["configuration"] = {property_name: value}
            action["metaData"]["schemaString"] = _with_physical_names(action["metaData"])
    log.write_text("".join(f"{json.dumps(action)}\n" for action in actions))
    allowed = {"true": "false", "name": "none", "v2": "classic"}[value]
    assert reader_problems(DeltaTable(tmp_path)) == [
        "found reader version 3, expected 1",
        f"has the feature {feature}",
        f"found {property_name} = {value}, expected {allowed}",
    ]
