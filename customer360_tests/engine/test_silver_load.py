"""Silver: typing, quarantine, versions; any order and repetition of loading gives the same."""

from __future__ import annotations

import dataclasses
import itertools
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from customer360.assets.accounting import account
from customer360.assets.silver_load import load_days, tables_of
from customer360.errors import SchemaChangedError
from customer360.keys import TableKey
from customer360.resources.lake import Lake, column_differences, column_types
from customer360.resources.session import Engine
from customer360.sources.spec import Field
from customer360.transforms.contract import silver_columns
from customer360_tests.builders import DAY, put_bronze, record, spec

DAY_2 = date(2026, 1, 3)
DAY_3 = date(2026, 1, 4)


def rows(engine: Engine, key: TableKey, *columns: str) -> list[tuple[Any, ...]]:
    return sorted(
        (tuple(r) for r in engine.table(key).select(*columns).collect()), key=lambda r: str(r)
    )


def load(engine: Engine, table: str, *days: date) -> None:
    load_days(engine, *spec(table), list(days), "EUR")


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({"receipt_id": None}, ("missing", "receipt_id", None)),
        ({"receipt_id": "  "}, ("missing", "receipt_id", "")),
        ({"sold_at": "yesterday"}, ("not_a_timestamp", "sold_at", "yesterday")),
        (
            {"sold_at": "2026-02-30T10:00:00Z"},
            ("not_a_timestamp", "sold_at", "2026-02-30T10:00:00Z"),
        ),
        ({"sold_at": "10:30"}, ("not_a_timestamp", "sold_at", "10:30")),
        (
            {"sold_at": "2026-01-04T00:00:00Z"},
            ("after_landing_day", "sold_at", "2026-01-04T00:00:00Z"),
        ),
        ({"total_amount": "12,50"}, ("not_a_number", "total_amount", "12,50")),
        ({"total_amount": None}, ("missing", "total_amount", None)),
        ({"currency": "usd"}, ("currency_not_supported", "currency", "usd")),
    ],
)
def test_a_receipt_that_cannot_be_used_is_quarantined_with_rule_column_and_value(
    engine: Engine, overrides: dict[str, Any], expected: tuple[str, str, str | None]
) -> None:
    put_bronze(engine.lake, "pos__receipts", [record("pos__receipts", **overrides)])
    load(engine, "pos__receipts", DAY)
    tables = tables_of(*spec("pos__receipts"))
    assert rows(engine, tables.quarantine, "rule", "column_name", "value") == [expected]
    assert rows(engine, tables.silver, "receipt_id") == []


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("total_amount", "0", Decimal("0.00")),
        ("total_amount", "-3.5", Decimal("-3.50")),
        ("total_amount", 12345678.9, Decimal("12345678.90")),
        ("total_amount", "1.2345678E7", Decimal("12345678.00")),
        ("total_amount", "1.005", Decimal("1.01")),
        ("currency", None, None),
        ("receipt_email", " Ada@Example.COM ", "ada@example.com"),
    ],
)
def test_a_readable_value_becomes_its_typed_form(
    engine: Engine, field: str, value: Any, expected: Any
) -> None:
    put_bronze(engine.lake, "pos__receipts", [record("pos__receipts", **{field: value})])
    load(engine, "pos__receipts", DAY)
    assert rows(engine, tables_of(*spec("pos__receipts")).silver, field) == [(expected,)]


def test_a_bad_optional_value_becomes_null_and_a_counted_issue(engine: Engine) -> None:
    bad = record("ecommerce__accounts", date_of_birth="1980-13-01", is_deleted="perhaps")
    put_bronze(engine.lake, "ecommerce__accounts", [bad])
    load(engine, "ecommerce__accounts", DAY)
    silver = tables_of(*spec("ecommerce__accounts")).silver
    assert rows(engine, silver, "date_of_birth", "is_deleted", "issues") == [
        (None, None, "date_of_birth:not_a_date;is_deleted:not_a_boolean")
    ]


def test_one_unreadable_line_quarantines_the_order(engine: Engine) -> None:
    good = {"line_number": 1, "sku": "P1", "quantity": 1, "line_amount": "5.00"}
    orders = [
        record("ecommerce__orders", order_id="O1", lines=[good, {**good, "line_number": 2}]),
        record("ecommerce__orders", order_id="O2", lines=[good, {**good, "line_amount": "x"}]),
        record("ecommerce__orders", order_id="O3", lines=[good, good]),
        record("ecommerce__orders", order_id="O4", lines=[good, 7]),
        record("ecommerce__orders", order_id="O5", lines=None),
    ]
    put_bronze(engine.lake, "ecommerce__orders", orders)
    load(engine, "ecommerce__orders", DAY)
    tables = tables_of(*spec("ecommerce__orders"))
    assert rows(engine, tables.quarantine, "record_key", "rule", "column_name") == [
        ("O2", "not_a_number", "lines.line_amount"),
        ("O3", "repeated", "lines.line_number"),
        ("O4", "not_a_list", "lines"),
    ]
    assert rows(engine, tables.children[0], "order_id", "line_number", "line_amount") == [
        ("O1", 1, Decimal("5.00")),
        ("O1", 2, Decimal("5.00")),
    ]


@pytest.mark.parametrize("copy", ["01", "+1", " 1 ", 1])
def test_a_line_number_written_in_two_ways_is_repeated(engine: Engine, copy: Any) -> None:
    line = {"line_number": "1", "sku": "P1", "quantity": 1, "line_amount": "5.00"}
    twice = record("ecommerce__orders", lines=[line, {**line, "line_number": copy}])
    put_bronze(engine.lake, "ecommerce__orders", [twice])
    load(engine, "ecommerce__orders", DAY)
    tables = tables_of(*spec("ecommerce__orders"))
    assert rows(engine, tables.quarantine, "rule", "column_name") == [
        ("repeated", "lines.line_number")
    ]


def test_keys_whose_parts_hold_the_mark_between_parts_stay_apart(engine: Engine) -> None:
    keys = [("a|b", "c"), ("a", "b|c"), ("a\\", "|c"), ("a\\|", "c")]
    profiles = [record("social__profiles", network=n, handle=h) for n, h in keys]
    put_bronze(engine.lake, "social__profiles", profiles)
    load(engine, "social__profiles", DAY)
    load(engine, "social__profiles", DAY)
    tables = tables_of(*spec("social__profiles"))
    assert set(rows(engine, tables.silver, "network", "handle")) == set(keys)
    assert rows(engine, tables.outranked, "status") == []


def test_the_newest_version_wins_and_a_deletion_leaves_a_tombstone(engine: Engine) -> None:
    put_bronze(
        engine.lake,
        "crm__contacts",
        [
            record("crm__contacts", city="Old"),
            record("crm__contacts", city="New", op="U", updated_at="2026-01-02T09:00:00Z"),
            record("crm__contacts", city="New", op="U", updated_at="2026-01-02T09:00:00Z"),
            record("crm__contacts", contact_id="K2"),
            record("crm__contacts", contact_id="K2", op="D", updated_at="2026-01-02T10:00:00Z"),
        ],
    )
    load(engine, "crm__contacts", DAY)
    tables = tables_of(*spec("crm__contacts"))
    assert rows(engine, tables.silver, "contact_id", "city", "is_deleted", "record_line") == [
        ("K1", "New", False, 3),
        ("K2", None, True, 5),
    ]
    assert rows(engine, tables.outranked, "record_key", "status", "record_line") == [
        ("K1", "duplicate", 2),
        ("K1", "superseded", 1),
        ("K2", "superseded", 4),
    ]


@pytest.mark.parametrize("order", list(itertools.permutations([DAY, DAY_2, DAY_3])))
def test_any_order_of_loading_gives_the_same_tables(
    lake: Lake, engine: Engine, order: tuple[date, ...]
) -> None:
    first = record("pos__receipts")
    put_bronze(lake, "pos__receipts", [first, record("pos__receipts", receipt_id="R2")], day=DAY)
    put_bronze(lake, "pos__receipts", [{**first, "total_amount": "99"}], day=DAY_2)
    put_bronze(lake, "pos__receipts", [first, {**first, "total_amount": "99"}], day=DAY_3)
    for day in order:
        load(engine, "pos__receipts", day)
        load(engine, "pos__receipts", day)
    tables = tables_of(*spec("pos__receipts"))
    assert rows(engine, tables.silver, "receipt_id", "total_amount", "landed_on") == [
        ("R1", Decimal("10.50"), DAY),
        ("R2", Decimal("10.50"), DAY),
    ]
    assert rows(engine, tables.quarantine, "record_key", "rule", "amount", "landed_on") == [
        ("R1", "conflicting_key", Decimal("99.00"), DAY_2),
    ]
    assert rows(engine, tables.outranked, "record_key", "status", "amount", "landed_on") == [
        ("R1", "duplicate", Decimal("10.50"), DAY_3),
        ("R1", "duplicate", Decimal("99.00"), DAY_3),
    ]
    accounts = account(engine, tables, spec("pos__receipts")[1], [DAY, DAY_2, DAY_3])
    assert [(a.bronze, a.difference) for a in accounts.values()] == [(2, 0), (1, 0), (2, 0)]


def test_versions_of_an_order_across_days_agree_in_any_order(engine: Engine) -> None:
    line = {"line_number": 1, "sku": "P1", "quantity": 1, "line_amount": "5.00"}
    versions = {
        DAY: record("ecommerce__orders", lines=[line]),
        DAY_2: record(
            "ecommerce__orders",
            status="returned",
            updated_at="2026-01-03T09:00:00Z",
            lines=[line, {**line, "line_number": 2, "quantity": -1, "line_amount": "-5.00"}],
        ),
        DAY_3: record(
            "ecommerce__orders", status="paid", updated_at="2026-01-02T12:00:00Z", lines=[line]
        ),
    }
    for day, version in versions.items():
        put_bronze(engine.lake, "ecommerce__orders", [version], day=day)
    tables = tables_of(*spec("ecommerce__orders"))
    for order in itertools.permutations(versions):
        for day in order:
            load(engine, "ecommerce__orders", day)
        assert rows(engine, tables.silver, "order_id", "status", "landed_on") == [
            ("O1", "returned", DAY_2)
        ]
        assert rows(engine, tables.children[0], "line_number", "line_amount", "landed_on") == [
            (1, Decimal("5.00"), DAY_2),
            (2, Decimal("-5.00"), DAY_2),
        ]
        assert rows(engine, tables.outranked, "status", "landed_on") == [
            ("superseded", DAY),
            ("superseded", DAY_3),
        ]


def test_a_record_that_vanishes_from_its_day_gives_way_to_the_next(engine: Engine) -> None:
    put_bronze(engine.lake, "pos__receipts", [record("pos__receipts")], day=DAY)
    put_bronze(engine.lake, "pos__receipts", [record("pos__receipts", total_amount="7")], day=DAY_2)
    load(engine, "pos__receipts", DAY, DAY_2)
    put_bronze(engine.lake, "pos__receipts", [record("pos__receipts", receipt_id="R9")], day=DAY)
    load(engine, "pos__receipts", DAY)
    tables = tables_of(*spec("pos__receipts"))
    assert rows(engine, tables.silver, "receipt_id", "total_amount") == [
        ("R1", Decimal("7.00")),
        ("R9", Decimal("10.50")),
    ]
    assert rows(engine, tables.quarantine, "rule") == []


def test_a_whole_load_replaces_what_its_days_do_not_name(engine: Engine) -> None:
    put_bronze(engine.lake, "pos__receipts", [record("pos__receipts")], day=DAY)
    put_bronze(engine.lake, "pos__receipts", [record("pos__receipts", receipt_id="R2")], day=DAY_2)
    load(engine, "pos__receipts", DAY, DAY_2)
    load_days(engine, *spec("pos__receipts"), [DAY_2], "EUR", whole=True)
    tables = tables_of(*spec("pos__receipts"))
    assert rows(engine, tables.silver, "receipt_id") == [("R2",)]


@pytest.mark.parametrize("table", ["pos__receipts", "crm__contacts"])
def test_a_changed_spec_is_refused_until_a_whole_load_restates_history(
    engine: Engine, table: str
) -> None:
    source, entity = spec(table)
    put_bronze(engine.lake, table, [record(table, till_id="T7", phone="030 1234567")], day=DAY)
    load(engine, table, DAY)
    dropped = "till_id" if table == "pos__receipts" else "phone"
    fewer = tuple(f for f in entity.fields if f.name != dropped)
    added = Field("colour", "A field that landed before anybody declared it.")
    changed = dataclasses.replace(entity, fields=(*fewer, added))
    put_bronze(engine.lake, table, [{**record(table), "colour": "red"}], day=DAY_2)
    expected = f"silver.{table} has other columns.*colour: declared string, found no such column"
    with pytest.raises(SchemaChangedError, match=expected):
        load_days(engine, source, changed, [DAY_2], "EUR")
    load_days(engine, source, changed, [DAY, DAY_2], "EUR", whole=True)
    silver = tables_of(source, changed).silver
    columns = [(name, kind) for name, kind, _ in column_types(engine.lake.delta(silver))]
    assert column_differences(silver_columns(changed), columns) == []
    assert all(nullable for *_, nullable in column_types(engine.lake.delta(silver)))
    # And days load as before.
    load_days(engine, source, changed, [DAY_2], "EUR")
    assert len(rows(engine, silver, "colour")) == 1
