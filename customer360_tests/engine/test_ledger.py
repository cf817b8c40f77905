"""The ledger closes on what was loaded, and names what somebody changed behind the pipeline."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from customer360 import keys
from customer360.assets.silver_load import load_days, tables_of
from customer360.checks.ledger import BRONZE_TO_SILVER, Ledger, take_stock, write_ledger
from customer360.commands.lake_state import LedgerLine, read_state
from customer360.resources.lake import Lake
from customer360.resources.loads import Load, record_loads
from customer360.resources.session import Engine
from customer360.sources import SOURCES
from customer360_tests.builders import DAY, NOW, put_bronze, record, spec

LATER = date(2026, 1, 3)
RECEIPTS = "pos__receipts"
_POS = [source for source in SOURCES if source.name == "pos"]


def _load(engine: Engine, table: str, days: dict[date, list[Any]]) -> None:
    """Load days of an entity as the assets do."""
    for day, records in days.items():
        put_bronze(engine.lake, table, records, day=day)
        loaded = load_days(engine, *spec(table), [day], "EUR")
        load = Load(table, day, "files", 1, len(records), loaded.amounts[day])
        record_loads(engine.lake, table, [load], at=NOW)


@pytest.fixture
def loaded(engine: Engine) -> Engine:
    """Two days of receipts with every status, and a day of lines."""
    first, second = record(RECEIPTS), record(RECEIPTS, receipt_id="R2", total_amount="3.25")
    other_money = record(RECEIPTS, receipt_id="R3", currency="XXX", total_amount="7.00")
    no_money = record(RECEIPTS, receipt_id="R4", total_amount="much")
    days = {
        DAY: [first, second, other_money, no_money],
        LATER: [first, {**first, "tender": "cash"}],
    }
    _load(engine, RECEIPTS, days)
    _load(engine, "pos__receipt_lines", {DAY: [record("pos__receipt_lines")]})
    return engine


def _entry(ledger: Ledger, day: date) -> dict[str, object]:
    rows = (entry.row() for entry in ledger.entries)
    return next(
        row
        for row in rows
        if (row["entity"], row["landed_on"], row["hop"]) == (RECEIPTS, day, BRONZE_TO_SILVER)
    )


def test_each_record_and_amount_is_where_it_belongs(loaded: Engine) -> None:
    ledger = take_stock(loaded, _POS)
    assert ledger.problems() == []
    assert _entry(ledger, DAY) == {
        "entity": RECEIPTS, "landed_on": DAY, "hop": BRONZE_TO_SILVER,
        "records_in": 4, "records_out": 4, "records_missing": 0,
        "current": 2, "superseded": 0, "duplicate": 0, "quarantined": 2, "repaired": 0,
        "amount_in": Decimal("20.75"), "amount_out": Decimal("20.75"),
        "amount_missing": Decimal(0),
    }  # fmt: skip
    later = _entry(ledger, LATER)
    assert (later["duplicate"], later["quarantined"], later["current"]) == (1, 1, 0)
    assert later["amount_in"] == Decimal("21.00")


def test_the_ledger_is_a_table_that_is_replaced(loaded: Engine) -> None:
    for _ in range(2):
        write_ledger(loaded, take_stock(loaded, _POS))
    assert loaded.lake.row_count(keys.LEDGER) == 6
    amounts = loaded.lake.arrow(keys.LEDGER).column("amount_in").to_pylist()
    assert sum(amounts) == Decimal("20.75") + Decimal("21.00") + Decimal("10.50")
    shown = {line.entity: line for line in read_state(loaded.lake, SOURCES, NOW).ledger}
    assert shown[RECEIPTS] == LedgerLine(
        entity=RECEIPTS, landed=6, current=2, superseded=0, duplicate=1, quarantined=3, repaired=0,
        amount_in=Decimal("41.75"), amount_out=Decimal("41.75"), open_hops=0,
    )  # fmt: skip


def _delete_a_row(lake: Lake) -> None:
    silver = tables_of(*spec(RECEIPTS)).silver
    DeltaTable(lake.table_url(silver)).delete("receipt_id = 'R2'")


def _double_a_row(lake: Lake) -> None:
    silver = tables_of(*spec(RECEIPTS)).silver
    rows = lake.arrow(silver).filter(pa.compute.field("receipt_id") == "R2")
    write_deltalake(lake.table_url(silver), rows, mode="append")


def _lose_a_bronze_row(lake: Lake) -> None:
    DeltaTable(lake.table_url(keys.bronze(RECEIPTS))).delete(
        f"landed_on = '{DAY}' and line_number = 1"
    )


def _change_an_amount(lake: Lake) -> None:
    silver = tables_of(*spec(RECEIPTS)).silver
    DeltaTable(lake.table_url(silver)).update(
        updates={"total_amount": "3.24"}, predicate="receipt_id = 'R2'"
    )


def _rewrite_a_file(lake: Lake) -> None:
    silver = DeltaTable(lake.table_url(tables_of(*spec(RECEIPTS)).silver))
    file = silver.file_uris([("landed_on", "=", str(DAY))])[0]
    pq.write_table(pq.read_table(file, partitioning=None).slice(1), file)


@pytest.mark.parametrize(
    ("tamper", "told"),
    [
        (_delete_a_row, "bronze to silver: 1 records and 3.25 of money missing"),
        (_double_a_row, "bronze to silver: -1 records and -3.25 of money missing"),
        (_change_an_amount, "bronze to silver: 0 records and 0.01 of money missing"),
        (_lose_a_bronze_row, "landing to bronze: 1 records and 0 of money missing"),
        (_rewrite_a_file, "4 records and 20.75 of money cannot be read"),
    ],
)
def test_what_happened_behind_the_pipeline_is_named(
    loaded: Engine, tamper: Callable[[Lake], None], told: str
) -> None:
    tamper(loaded.lake)
    problems = take_stock(loaded, _POS).problems()
    assert any(told in problem for problem in problems), problems
    assert all(f"{RECEIPTS}, landing day {DAY}" in problem for problem in problems)


def test_loading_the_day_again_makes_it_good(loaded: Engine) -> None:
    _delete_a_row(loaded.lake)
    load_days(loaded, *spec(RECEIPTS), [DAY], "EUR")
    assert take_stock(loaded, _POS).problems() == []
