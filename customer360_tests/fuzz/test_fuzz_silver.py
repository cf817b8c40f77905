"""Whatever is in a record, it has exactly one status, and the keys of the tables stay unique."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from customer360.assets.accounting import account
from customer360.assets.bronze_load import load_bronze
from customer360.assets.silver_load import SilverTables, load_days, tables_of
from customer360.keys import TableKey
from customer360.resources.lake import Lake
from customer360.resources.session import Engine
from customer360.sources.spec import EntitySpec, Kind
from customer360.transforms.contract import ORIGIN, child_key, names
from customer360_tests.builders import DAY, NOW, spec
from customer360_tests.fuzz_cases import one_case
from customer360_tests.fuzz_records import TABLES, Records

DAYS = [DAY, DAY + timedelta(days=1)]
RECORDS_A_FILE = 90


def land_random(lake: Lake, table: str, seed: int) -> int:
    """Land two days of two files each; the second day repeats some lines of the first."""
    source, entity = spec(table)
    records = Records(table, seed)
    earlier: list[str] = []
    count = 0
    for day in DAYS:
        folder = Path(lake.landing) / source.name / entity.name / f"dt={day}"
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("a", "b"):
            lines = [*records.lines(RECORDS_A_FILE), *earlier[:10]]
            (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", newline="")
            earlier, count = lines, count + len(lines)
        load_bronze(lake, source.name, entity.name, [day], batch_id="b", ingested_at=NOW)
    return count


def origins(engine: Engine, key: TableKey, line: str = "record_line") -> Counter[object]:
    columns = [line if name == "record_line" else name for name in names(ORIGIN)]
    return Counter(tuple(row) for row in engine.table(key).select(*columns).collect())


def repeated(engine: Engine, key: TableKey, columns: tuple[str, ...]) -> list[object]:
    rows = Counter(tuple(row) for row in engine.table(key).select(*columns).collect())
    return [values for values, count in rows.items() if count > 1]


def keys_as_landed(
    engine: Engine, tables: SilverTables, key: TableKey, entity: EntitySpec
) -> set[tuple[str, ...]]:
    """Keys of a table's rows as their records give them, where all parts are text."""
    texts = {
        (path, line, day): text
        for text, path, line, day in engine.table(tables.bronze)
        .select("record", "source_file", "line_number", "landed_on")
        .collect()
    }
    found = set()
    for place in origins(engine, key):
        values = json.loads(texts[place])
        parts = tuple(values.get(name) for name in entity.key)
        if all(isinstance(part, str) for part in parts):
            found.add(tuple(part.strip(" ").lower() for part in parts))
    return found


def check(engine: Engine, tables: SilverTables, entity: EntitySpec) -> None:
    landed = origins(engine, tables.bronze, "line_number")
    given = (tables.silver, tables.quarantine, tables.outranked)
    assert sum((origins(engine, key) for key in given), Counter()) == landed
    assert all(day.difference == 0 for day in account(engine, tables, entity, DAYS).values())
    assert repeated(engine, tables.silver, entity.key) == []
    if all(entity.field(name).kind is Kind.STRING for name in entity.key):
        # Nobody is outranked by a record of another key.
        outranked = keys_as_landed(engine, tables, tables.outranked, entity)
        assert outranked <= keys_as_landed(engine, tables, tables.silver, entity)
    for key, child in zip(tables.children, entity.children, strict=True):
        assert repeated(engine, key, child_key(entity, child)) == []


@pytest.mark.parametrize("table", TABLES)
def test_every_random_record_has_exactly_one_status(
    lake: Lake, engine: Engine, table: str, fuzz_seed: int
) -> None:
    source, entity = spec(table)
    with one_case(land_random(lake, table, fuzz_seed)):
        load_days(engine, source, entity, DAYS, "EUR")
        check(engine, tables_of(source, entity), entity)
        load_days(engine, source, entity, DAYS[1:], "EUR")
        check(engine, tables_of(source, entity), entity)
