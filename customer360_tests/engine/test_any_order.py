"""Any order, any repetition: corrections, deletions, ties and late files end in the same tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from customer360.assets.accounting import account
from customer360.assets.bronze_load import load_bronze
from customer360.assets.silver_load import load_days, tables_of
from customer360.resources.lake import Lake
from customer360.resources.session import Engine
from customer360_tests.builders import DAY, NOW, land, record, spec

CONTACTS = "crm__contacts"
DAY_2, DAY_3 = date(2026, 1, 3), date(2026, 1, 4)
DAYS = (DAY, DAY_2, DAY_3)
MORNING, NOON = "2026-01-02T08:00:00Z", "2026-01-02T12:00:00Z"
NEXT, LAST = "2026-01-03T08:00:00Z", "2026-01-04T08:00:00Z"


def _contact(contact_id: str, op: str, updated_at: str, city: str) -> dict[str, Any]:
    return record(CONTACTS, contact_id=contact_id, op=op, updated_at=updated_at, city=city)


_WORLD = {
    DAY: [
        _contact("corrected", "I", MORNING, "One"),
        _contact("reinserted", "I", MORNING, "Here"),
        _contact("deleted", "I", MORNING, "Here"),
        _contact("tied", "U", MORNING, "First"),
        _contact("repeated", "I", MORNING, "Same"),
    ],
    DAY_2: [
        _contact("corrected", "U", NEXT, "Two"),
        _contact("reinserted", "D", NEXT, "Here"),
        _contact("deleted", "D", NEXT, "Here"),
        _contact("tied", "U", MORNING, "Second"),
    ],
    DAY_3: [
        _contact("corrected", "U", LAST, "Three"),
        # Older than the deletion and than the corrections that landed the day before.
        _contact("corrected", "U", NOON, "Older"),
        _contact("deleted", "U", NOON, "Here"),
        _contact("reinserted", "I", LAST, "Back"),
        _contact("tied", "U", MORNING, "Third"),
        _contact("tied", "U", MORNING, "Fourth"),
        _contact("repeated", "I", MORNING, "Same"),
    ],
}
# A second file of the last day: the third correction of a correction, and one more of the tied.
_LATE = [
    _contact("corrected", "U", "2026-01-04T09:00:00Z", "Four"),
    _contact("tied", "U", MORNING, "Fifth"),
]
# Lines are counted with the header.
_CURRENT = [
    ("corrected", "Four", False, DAY_3, "second.csv", 2),
    ("deleted", "Here", True, DAY_2, "part.csv", 4),
    ("reinserted", "Back", False, DAY_3, "part.csv", 5),
    ("repeated", "Same", False, DAY_3, "part.csv", 8),
    ("tied", "Fifth", False, DAY_3, "second.csv", 3),
]
_OUTRANKED = [
    ("corrected", "superseded", DAY, 2),
    ("corrected", "superseded", DAY_2, 2),
    ("corrected", "superseded", DAY_3, 2),
    ("corrected", "superseded", DAY_3, 3),
    ("deleted", "superseded", DAY, 4),
    ("deleted", "superseded", DAY_3, 4),
    ("reinserted", "superseded", DAY, 3),
    ("reinserted", "superseded", DAY_2, 3),
    ("repeated", "duplicate", DAY, 6),
    ("tied", "superseded", DAY, 5),
    ("tied", "superseded", DAY_2, 5),
    ("tied", "superseded", DAY_3, 6),
    ("tied", "superseded", DAY_3, 7),
]
_ORDERS = {
    "forwards": [(DAY,), (DAY_2,), (DAY_3,)],
    "backwards": [(DAY_3,), (DAY_2,), (DAY,)],
    "shuffled": [(DAY_2,), (DAY_3,), (DAY,)],
    "at once": [DAYS],
    "twice": [DAYS, DAYS],
    "overlapping": [(DAY, DAY_2), (DAY_2, DAY_3)],
    "overlapping backwards": [(DAY_2, DAY_3), (DAY, DAY_2)],
    "one day over and over": [(DAY_2,), DAYS, (DAY_2,), (DAY_2,)],
}


def _land(lake: Lake) -> None:
    for day, records in _WORLD.items():
        land(lake, CONTACTS, records, day=day)


def _load(engine: Engine, days: Sequence[date]) -> None:
    """Load landing days as the assets do: bronze from the files, silver from bronze."""
    source, entity = spec(CONTACTS)
    load_bronze(engine.lake, source.name, entity.name, days, batch_id="test", ingested_at=NOW)
    load_days(engine, source, entity, list(days), "EUR")


def _assert_all_is_as_it_should_be(engine: Engine) -> None:
    source, entity = spec(CONTACTS)
    tables = tables_of(source, entity)
    current = engine.table(tables.silver).select(
        "contact_id", "city", "is_deleted", "landed_on", "source_file", "record_line"
    )
    # Of a file its name is enough: its folder is the landing day.
    assert sorted((*r[:4], r[4].rpartition("/")[2], r[5]) for r in current.collect()) == _CURRENT
    outranked = engine.table(tables.outranked).select(
        "record_key", "status", "landed_on", "record_line"
    )
    assert sorted(tuple(r) for r in outranked.collect()) == _OUTRANKED
    assert engine.lake.row_count(tables.quarantine) == 0
    accounts = account(engine, tables, entity)
    assert {d: (a.bronze, a.difference) for d, a in accounts.items()} == {
        DAY: (5, 0),
        DAY_2: (4, 0),
        DAY_3: (9, 0),
    }


@pytest.mark.parametrize("loads", _ORDERS.values(), ids=_ORDERS.keys())
def test_versions_of_contacts_end_the_same_in_any_order_of_loading(
    engine: Engine, loads: Sequence[Sequence[date]]
) -> None:
    _land(engine.lake)
    land(engine.lake, CONTACTS, _LATE, day=DAY_3, name="second")
    for days in loads:
        _load(engine, days)
    _assert_all_is_as_it_should_be(engine)


def test_a_file_that_lands_late_ends_the_same_as_one_in_time(engine: Engine) -> None:
    _land(engine.lake)
    _load(engine, DAYS)
    land(engine.lake, CONTACTS, _LATE, day=DAY_3, name="second")
    _load(engine, [DAY_3])
    _assert_all_is_as_it_should_be(engine)
