"""Aggregates of gold against the orders they are made of, on 500 days of made-up orders."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any, Final

import duckdb
import pytest

from customer360.assets.silver_load import load_days
from customer360.identity import contract as identity
from customer360.keys import GOLD, TableKey
from customer360.serving.metrics import read_metrics, sql
from customer360_tests.builders import put_bronze, record, spec
from customer360_tests.dbt.gold import ONLY_MODELS, Gold, put_identity, put_links

# One worker: the manifest is parsed once.
pytestmark = pytest.mark.xdist_group("dbt_manifest")

AS_OF = date(2026, 3, 10)
_RECEIPT, _ORDER, _STORE = "pos__receipts", "ecommerce__orders", "catalog__stores"
_CUSTOMERS: Final = [f"C{number:02}" for number in range(40)]
# Column of sales_by_period -> metric that defines it.
_FIGURES: Final = {
    "revenue_amount": "revenue",
    "store_revenue_amount": "store_revenue",
    "web_revenue_amount": "web_revenue",
    "purchased_amount": "purchased_amount",
    "purchase_count": "purchases",
    "active_customer_count": "active_customers",
    "new_customer_count": "new_customers",
    "returning_customer_count": "returning_customers",
}
_KEY: Final = ("period_kind", "period_start_on", "place_kind", "place", "segment")


def _landed() -> tuple[dict[str, list[dict[str, Any]]], dict[tuple[str, str], tuple[str, str]]]:
    """Receipts and web orders up to two days after the as-of date, and whose they are."""
    drawn = random.Random(7)
    landed: dict[str, list[dict[str, Any]]] = {_RECEIPT: [], _ORDER: []}
    links = {}
    for number in range(600):
        day = AS_OF + timedelta(days=2 - drawn.randrange(500))
        cents = f"{drawn.randrange(-2000, 20000) / 100:.2f}"
        if drawn.random() < 0.5:
            entity, key = _RECEIPT, f"R{number}"
            landed[entity].append(
                record(
                    entity,
                    receipt_id=key,
                    store_id=drawn.choice(("S1", "S2", "S3")),
                    sold_at=f"{day}T09:00:00Z",
                    total_amount=cents,
                )
            )
        else:
            entity, key = _ORDER, f"O{number}"
            landed[entity].append(
                record(
                    entity,
                    order_id=key,
                    ordered_at=f"{day}T09:00:00Z",
                    total_amount=cents,
                    status=drawn.choice(("placed", "delivered", "cancelled")),
                )
            )
        if drawn.random() < 0.8:
            links[entity, key] = (drawn.choice(_CUSTOMERS), "email")
    landed[_STORE] = [
        record(_STORE, store_id="S1", region="North"),
        record(_STORE, store_id="S2", region="South"),
        record(_STORE, store_id="S3", region=""),
    ]
    return landed, links


@pytest.fixture(scope="module")
def built(gold: Gold) -> Gold:
    """Gold's aggregates of these orders."""
    landed, links = _landed()
    for table, records in landed.items():
        put_bronze(gold.engine.lake, table, records, day=AS_OF + timedelta(days=2))
        load_days(gold.engine, *spec(table), [AS_OF + timedelta(days=2)], "EUR")
    put_links(gold.engine, links)
    put_identity(gold.engine, identity.CUSTOMERS, [{"customer_id": c} for c in _CUSTOMERS])
    chosen = ["+sales_by_period", "+customer_segments_monthly", "+customer_segments"]
    gold.run("build", "--select", *chosen, *ONLY_MODELS, as_of=AS_OF)
    return gold


@pytest.fixture
def reader(built: Gold) -> duckdb.DuckDBPyConnection:
    """DuckDB over the gold tables, by their names."""
    connection = duckdb.connect()
    for key in built.engine.lake.tables():
        if key.layer == GOLD:
            connection.register(key.table, built.engine.lake.arrow(TableKey(GOLD, key.table)))
    return connection


_PERIODS: Final = """
    select distinct 'day' as period_kind, ordered_on as starts, ordered_on as ends from fct_orders
    union all
    select distinct 'month', date_trunc('month', ordered_on)::date, last_day(ordered_on)
    from fct_orders
    union all
    select 'last_' || length || '_days', (as_of - (length * (number + 1) - 1)::int)::date,
        (as_of - (length * number)::int)::date
    from (select date '{as_of}' as as_of), (values (28), (90), (365)) lengths (length),
        (values (0), (1)) numbers (number)"""
_ORDERS: Final = """
    select fct_orders.*, coalesce(segment, 'unknown') as segment, region
    from fct_orders
    left join customer_segments using (customer_id) left join dim_stores using (store_key)"""
_PLACES: Final = """
    select 'all' as place_kind, 'all' as place, * from orders
    union all select 'channel', channel, * from orders
    union all select 'region', region, * from orders where region is not null"""


def test_sales_by_period_equal_the_metrics_of_the_orders(
    reader: duckdb.DuckDBPyConnection, manifest: dict[str, Any]
) -> None:
    metrics = read_metrics(manifest)
    figures = ", ".join(f"{sql(metrics[m])} as {column}" for column, m in _FIGURES.items())
    expected = reader.sql(
        f"with orders as ({_ORDERS}), placed as ({_PLACES}), "
        f"periods as ({_PERIODS.format(as_of=AS_OF)}) "
        f"select period_kind, starts, place_kind, place, segment, {figures}, count(*) "
        "from placed join periods on ordered_on between starts and ends group by all"
    ).fetchall()
    columns = ", ".join((*_KEY, *_FIGURES, "order_count"))
    found = reader.sql(f"select {columns} from sales_by_period").fetchall()
    assert {row[0] for row in found} == {
        "day", "month", "last_28_days", "last_90_days", "last_365_days"
    }  # fmt: skip
    assert sorted(found) == sorted(expected)


def test_periods_are_numbered_from_the_as_of_date_and_complete_when_over(
    reader: duckdb.DuckDBPyConnection,
) -> None:
    found = reader.sql(
        "select distinct period_kind, period_number, period_start_on, period_end_on, is_complete "
        "from sales_by_period where period_number <= 1 and period_kind <> 'day'"
    ).fetchall()
    assert sorted(found) == [
        ("last_28_days", 0, date(2026, 2, 11), AS_OF, True),
        ("last_28_days", 1, date(2026, 1, 14), date(2026, 2, 10), True),
        ("last_365_days", 0, date(2025, 3, 11), AS_OF, True),
        # The first order is of 2024-10-29.
        ("last_365_days", 1, date(2024, 3, 11), date(2025, 3, 10), False),
        ("last_90_days", 0, date(2025, 12, 11), AS_OF, True),
        ("last_90_days", 1, date(2025, 9, 12), date(2025, 12, 10), True),
        ("month", 0, date(2026, 3, 1), AS_OF, False),
        ("month", 1, date(2026, 2, 1), date(2026, 2, 28), True),
    ]


def test_present_month_has_the_segments_of_customer_segments(
    reader: duckdb.DuckDBPyConnection,
) -> None:
    present = "select customer_id, segment from customer_segments_monthly where is_current"
    buyers = "select customer_id, segment from customer_segments where segment <> 'never_bought'"
    found = dict(reader.sql(present).fetchall())
    assert found == dict(reader.sql(buyers).fetchall())
    assert len(set(found.values())) >= 4
