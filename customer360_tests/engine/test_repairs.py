"""Repairs: a record that names another takes it out of quarantine, in any order of loading."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from customer360.assets.accounting import account
from customer360.assets.silver_load import SilverTables, load_days, tables_of
from customer360.checks.ledger import take_stock
from customer360.resources.lake import Lake
from customer360.resources.loads import Load, record_loads
from customer360.resources.session import Engine
from customer360_tests.builders import DAY, NOW, put_bronze, record, spec

DAY_2, DAY_3 = date(2026, 1, 3), date(2026, 1, 4)
DAYS = (DAY, DAY_2, DAY_3)
BACKWARDS = DAYS[::-1]
RECEIPTS, CONTACTS = "pos__receipts", "crm__contacts"
Days = Mapping[date, Sequence[Mapping[str, Any] | str]]


def place(table: str, day: date, line: int) -> str:
    """Where `put_bronze` says a record is."""
    return f"{table}/dt={day}/part:{line}"


def put(lake: Lake, table: str, days: Days) -> None:
    for day, records in days.items():
        put_bronze(lake, table, records, day=day)


def load(engine: Engine, table: str, *days: date) -> None:
    """Load days as the assets do."""
    loaded = load_days(engine, *spec(table), days, "EUR")
    accounts = account(engine, tables_of(*spec(table)), spec(table)[1], days)
    loads = [Load(table, d, "files", 1, accounts[d].bronze, loaded.amounts[d]) for d in days]
    record_loads(engine.lake, table, loads, at=NOW)


def statuses(engine: Engine, table: str) -> dict[str, str]:
    """Status, or rule of quarantine, by place; fails if a record has two."""
    tables = tables_of(*spec(table))
    parts = [
        engine.table(tables.silver).selectExpr("source_file", "record_line", "'current'"),
        engine.table(tables.outranked).select("source_file", "record_line", "status"),
        engine.table(tables.quarantine).select("source_file", "record_line", "rule"),
    ]
    found = [(f"{r[0]}:{r[1]}", r[2]) for part in parts for r in part.collect()]
    assert len(dict(found)) == len(found), found
    return dict(found)


def content(engine: Engine, tables: SilverTables) -> list[list[str]]:
    """Everything that a load writes, to compare."""
    keys = (tables.silver, *tables.children, tables.quarantine, tables.outranked, tables.repairs)
    return [
        sorted(str(sorted(row.asDict().items())) for row in engine.table(key).collect())
        for key in keys
    ]


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Engine]:
    """A second lake, which loads all days at once."""
    opened = Engine("sail", Lake(str(tmp_path / "whole")))
    yield opened
    opened.close()


def _receipts() -> Days:
    """A missing key and a conflict, and the repairs of both."""
    receipt = record(RECEIPTS)
    return {
        DAY: [receipt, {**receipt, "receipt_id": None}],
        DAY_2: [{**receipt, "total_amount": "99"}, record(RECEIPTS, receipt_id="R3")],
        DAY_3: [
            record(RECEIPTS, receipt_id="R2", total_amount="7", _repairs=place(RECEIPTS, DAY, 2)),
            record(
                RECEIPTS, receipt_id="R1b", total_amount="99", _repairs=place(RECEIPTS, DAY_2, 1)
            ),
        ],
    }


@pytest.mark.parametrize("order", list(itertools.permutations(DAYS)))
def test_a_repaired_record_leaves_quarantine_in_any_order(
    engine: Engine, order: tuple[date, ...]
) -> None:
    put(engine.lake, RECEIPTS, _receipts())
    for day in order:
        load(engine, RECEIPTS, day)
        load(engine, RECEIPTS, day)
    assert statuses(engine, RECEIPTS) == {
        place(RECEIPTS, DAY, 1): "current",
        place(RECEIPTS, DAY, 2): "repaired",
        place(RECEIPTS, DAY_2, 1): "repaired",
        place(RECEIPTS, DAY_2, 2): "current",
        place(RECEIPTS, DAY_3, 1): "current",
        place(RECEIPTS, DAY_3, 2): "current",
    }
    source, entity = spec(RECEIPTS)
    ledger = take_stock(engine, [replace(source, entities=(entity,))])
    assert ledger.problems() == []
    repaired = {e.landed_on: e.statuses["repaired"] for e in ledger.entries if e.statuses}
    assert repaired == {DAY: 1, DAY_2: 1, DAY_3: 0}
    assert {e.landed_on: e.amount_out for e in ledger.entries if e.statuses} == {
        DAY: Decimal("21.00"),
        DAY_2: Decimal("109.50"),
        DAY_3: Decimal("106.00"),
    }
    links = engine.table(tables_of(*spec(RECEIPTS)).repairs).collect()
    assert sorted(
        (r.original_file, r.original_line, r.record_line, r.is_usable) for r in links
    ) == [
        (f"{RECEIPTS}/dt={DAY}/part", 2, 1, True),
        (f"{RECEIPTS}/dt={DAY_2}/part", 1, 2, True),
    ]


@pytest.mark.parametrize("order", [DAYS, BACKWARDS])
def test_a_repaired_contact_leaves_quarantine_in_any_order(
    engine: Engine, order: tuple[date, ...]
) -> None:
    fixed = record(CONTACTS, city="Town", _repairs=place(CONTACTS, DAY, 1))
    put(
        engine.lake,
        CONTACTS,
        {
            DAY: [record(CONTACTS, op="?", city="Town"), record(CONTACTS, contact_id="K2")],
            DAY_2: [record(CONTACTS, op="U", updated_at="2026-01-03T08:00:00Z")],
            DAY_3: [fixed],
        },
    )
    for day in order:
        load(engine, CONTACTS, day)
    assert statuses(engine, CONTACTS) == {
        place(CONTACTS, DAY, 1): "repaired",
        place(CONTACTS, DAY, 2): "current",
        place(CONTACTS, DAY_2, 1): "current",
        place(CONTACTS, DAY_3, 1): "superseded",
    }


def test_a_repair_that_cannot_be_used_leaves_both_until_a_second_names_both(
    engine: Engine,
) -> None:
    first = place(RECEIPTS, DAY, 1)
    bad = record(RECEIPTS, total_amount="9,50", _repairs=first)
    put_bronze(engine.lake, RECEIPTS, [record(RECEIPTS, total_amount="x")], day=DAY)
    put_bronze(engine.lake, RECEIPTS, [bad], day=DAY_2)
    load(engine, RECEIPTS, DAY_2)
    load(engine, RECEIPTS, DAY)
    second = place(RECEIPTS, DAY_2, 1)
    assert statuses(engine, RECEIPTS) == {first: "not_a_number", second: "not_a_number"}
    good = record(RECEIPTS, total_amount="9.50", _repairs=f"{first}; {second}")
    put_bronze(engine.lake, RECEIPTS, [good], day=DAY_3)
    load(engine, RECEIPTS, DAY_3)
    assert statuses(engine, RECEIPTS) == {
        first: "repaired",
        second: "repaired",
        place(RECEIPTS, DAY_3, 1): "current",
    }


@pytest.mark.parametrize("order", [DAYS, BACKWARDS])
def test_of_two_repairs_that_differ_the_entitys_own_rule_decides(
    engine: Engine, order: tuple[date, ...]
) -> None:
    first = place(RECEIPTS, DAY, 1)
    put(
        engine.lake,
        RECEIPTS,
        {
            DAY: [record(RECEIPTS, total_amount="x")],
            DAY_2: [record(RECEIPTS, total_amount="1", _repairs=first)],
            DAY_3: [record(RECEIPTS, total_amount="2", _repairs=first)],
        },
    )
    for day in order:
        load(engine, RECEIPTS, day)
    assert statuses(engine, RECEIPTS) == {
        first: "repaired",
        place(RECEIPTS, DAY_2, 1): "current",
        place(RECEIPTS, DAY_3, 1): "conflicting_key",
    }


def test_a_repair_that_only_repeats_a_conflict_repairs_nothing(engine: Engine) -> None:
    conflict = record(RECEIPTS, total_amount="99")
    put(
        engine.lake,
        RECEIPTS,
        {
            DAY: [record(RECEIPTS)],
            DAY_2: [conflict],
            DAY_3: [{**conflict, "_repairs": place(RECEIPTS, DAY_2, 1)}],
        },
    )
    for day in DAYS:
        load(engine, RECEIPTS, day)
    assert statuses(engine, RECEIPTS)[place(RECEIPTS, DAY_2, 1)] == "conflicting_key"


def test_an_original_falls_back_when_its_repair_is_no_longer_there_or_usable(
    engine: Engine,
) -> None:
    put(engine.lake, RECEIPTS, _receipts())
    load(engine, RECEIPTS, *DAYS)
    # Earlier than the repair, so that the repair now conflicts.
    put_bronze(
        engine.lake,
        RECEIPTS,
        [*_receipts()[DAY_2], record(RECEIPTS, receipt_id="R2", total_amount="8")],
        day=DAY_2,
    )
    load(engine, RECEIPTS, DAY_2)
    found = statuses(engine, RECEIPTS)
    assert found[place(RECEIPTS, DAY_3, 1)] == "conflicting_key"
    assert found[place(RECEIPTS, DAY, 2)] == "missing"
    assert found[place(RECEIPTS, DAY_2, 1)] == "repaired"
    put_bronze(engine.lake, RECEIPTS, [_receipts()[DAY_3][0]], day=DAY_3)
    load(engine, RECEIPTS, DAY_3)
    assert statuses(engine, RECEIPTS)[place(RECEIPTS, DAY_2, 1)] == "conflicting_key"


@pytest.mark.parametrize("link", ["elsewhere:1", "nowhere", "a/dt=2026-01-09/b:7", ":", "9" * 30])
def test_a_link_to_nothing_leaves_the_record_as_any_other(engine: Engine, link: str) -> None:
    put_bronze(engine.lake, RECEIPTS, [record(RECEIPTS, _repairs=link)])
    load(engine, RECEIPTS, DAY)
    assert statuses(engine, RECEIPTS) == {place(RECEIPTS, DAY, 1): "current"}


def _world(table: str, seed: int) -> Days:
    """Good, bad and conflicting records of few keys, and repairs of anything, also of repairs."""
    chance = random.Random(seed)
    ids, amount = ("receipt_id", "contact_id")[table == CONTACTS], table == RECEIPTS
    days: dict[date, list[Any]] = {}
    for day in DAYS:
        days[day] = []
        for _ in range(4):
            changes: dict[str, Any] = {ids: f"X{chance.randrange(3)}"}
            changes["total_amount" if amount else "city"] = str(chance.randrange(2))
            if chance.random() < 0.3:
                changes["total_amount" if amount else "updated_at"] = "bad"
            if chance.random() < 0.5:
                targets = [
                    place(table, chance.choice(DAYS), chance.randrange(1, 5))
                    for _ in range(chance.randrange(1, 3))
                ]
                changes["_repairs"] = ";".join(targets)
            days[day].append(record(table, **changes))
    return days


@pytest.mark.parametrize("table", [RECEIPTS, CONTACTS])
def test_days_one_by_one_give_the_tables_of_all_days_at_once(
    engine: Engine, whole: Engine, table: str
) -> None:
    for seed in range(6):
        days = _world(table, seed)
        put(engine.lake, table, days)
        put(whole.lake, table, days)
        load_days(whole, *spec(table), DAYS, "EUR", whole=True)
        # The tables still hold the world before, so that each day also replaces another content.
        order = random.Random(seed).sample(DAYS, 3)
        for day in (*order, order[0]):
            load(engine, table, day)
        tables = tables_of(*spec(table))
        assert content(engine, tables) == content(whole, tables), f"seed {seed}, order {order}"
        accounts = account(engine, tables, spec(table)[1])
        assert [(a.bronze, a.difference) for a in accounts.values()] == [(4, 0)] * 3


@pytest.mark.parametrize("write", range(4))
@pytest.mark.parametrize("table", [RECEIPTS, CONTACTS])
def test_a_load_that_is_cut_off_at_any_write_ends_the_same_when_repeated(
    engine: Engine, whole: Engine, table: str, write: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class CutOffError(Exception):
        """The process is gone."""

    written = 0

    def cut_off(self: Engine, *arguments: Any) -> None:
        nonlocal written
        if written == write:
            raise CutOffError
        written += 1
        whole_write(self, *arguments)

    whole_write = Engine._write
    days = _world(table, write)
    for lake in (engine.lake, whole.lake):
        put(lake, table, days)
    load_days(whole, *spec(table), DAYS, "EUR", whole=True)
    order = random.Random(write).sample(DAYS, 3)
    for day in order:
        written = 0
        with monkeypatch.context() as patch:
            patch.setattr(Engine, "_write", cut_off)
            with pytest.raises(CutOffError):
                load(engine, table, day)
        load(engine, table, day)
    tables = tables_of(*spec(table))
    assert content(engine, tables) == content(whole, tables), f"order {order}"
