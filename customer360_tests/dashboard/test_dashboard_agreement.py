"""Figures of the overview: what the page shows, its metrics' SQL, SQL by hand, and the truth."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

import duckdb
import pytest

from customer360.keys import gold
from customer360.resources.lake import Lake
from customer360.serving.dashboard.figures import spelled
from customer360.serving.metrics import sql
from customer360_tests.dashboard.asking import Asker

pytestmark = pytest.mark.xdist_group("dashboard")

# Name in the page's filter -> days that it spans, written out.
_PERIODS: Final = {
    "last_28_days:0": ("2026-02-04", "2026-03-03"),
    "last_90_days:0": ("2025-12-04", "2026-03-03"),
    "last_365_days:0": ("2025-03-04", "2026-03-03"),
    "month:0": ("2026-03-01", "2026-03-03"),
    "month:1": ("2026-02-01", "2026-02-28"),
    "month:2": ("2026-01-01", "2026-01-31"),
}
# Every tile in SQL by hand, over the orders of the period, place and segment.
_BY_HAND: Final = {
    "revenue": "coalesce(sum(net) filter (not is_cancelled), 0)",
    "store_revenue": "coalesce(sum(net) filter (not is_cancelled and channel = 'store'), 0)",
    "web_revenue": "coalesce(sum(net) filter (not is_cancelled and channel = 'web'), 0)",
    "purchases": "count(*) filter (is_bought)",
    "average_basket": "round(sum(net) filter (is_bought) / count(*) filter (is_bought), 2)",
    "active_customers": "count(distinct customer_id) filter (is_bought)",
    "new_customers": "count(distinct customer_id) filter (is_bought and nth = 1)",
    "returning_customers": "count(distinct customer_id) filter (is_bought and nth > 1)",
    "repeat_rate": """round(
        count(distinct customer_id) filter (is_bought and nth > 1)::decimal(18,8)
        / nullif(count(distinct customer_id) filter (is_bought), 0), 4)""",
}
_ORDERS: Final = """
    select o.*, coalesce(s.segment, 'unknown') as segment, coalesce(d.region, '') as region,
        o.total_amount - o.shipping_amount as net,
        not o.is_cancelled and o.total_amount - o.shipping_amount >= 0 as is_bought,
        case when o.customer_id is not null then row_number() over (
            partition by o.customer_id, o.is_cancelled or o.total_amount - o.shipping_amount < 0
            order by o.ordered_at, o.order_key) end as nth
    from fct_orders o left join customer_segments s using (customer_id)
    left join dim_stores d using (store_key)"""


@pytest.fixture(scope="module")
def tables(simulated: Lake) -> duckdb.DuckDBPyConnection:
    """DuckDB with the base tables, and the orders as SQL by hand sees them."""
    connection = duckdb.connect()
    for name in ("fct_orders", "customer_segments", "dim_stores"):
        connection.register(name, simulated.arrow(gold(name)))
    connection.execute(f"create table orders as {_ORDERS}")
    return connection


def _narrowed(period: str, place: str, segment: str) -> str:
    """The rows that a page's filters leave, in SQL."""
    first, last = _PERIODS[period]
    kind, _, name = place.partition(":")
    wheres = {"all": "true", "channel": f"channel = '{name}'", "region": f"region = '{name}'"}
    which = "true" if segment == "everybody" else f"segment = '{segment}'"
    return f"ordered_on between '{first}' and '{last}' and {wheres[kind]} and {which}"


def _spelled(ask: Asker, values: Mapping[str, Any]) -> dict[str, str]:
    metrics = ask.dashboard.metrics
    return {
        name: spelled(value if value is None else Decimal(value), metrics[name].unit, "EUR")
        for name, value in values.items()
    }


def test_overview_shows_what_metrics_and_sql_by_hand_say(
    ask: Asker, tables: duckdb.DuckDBPyConnection
) -> None:
    offered = ask.get("/").filters
    assert sorted(offered["period"]) == sorted(_PERIODS)
    regions = [place for place in offered["place"] if place.startswith("region:")]
    places, segment = ("all:all", "channel:store", "channel:web", regions[0]), offered["segment"][1]
    seen = set()
    for period, place, segment in (
        *((period, "all:all", "everybody") for period in _PERIODS),
        *(("month:1", place, "everybody") for place in places[1:]),
        *(("last_28_days:0", place, segment) for place in places),
    ):
        asked = urlencode({"period": period, "place": place, "segment": segment})
        shown = ask.get(f"/?{asked}").figures
        where = _narrowed(period, place, segment)
        metrics = ", ".join(f"{sql(ask.dashboard.metrics[n])} as {n}" for n in _BY_HAND)
        by_hand = ", ".join(f"{expression} as {name}" for name, expression in _BY_HAND.items())
        for figures in (metrics, by_hand):
            result = tables.sql(f"select {figures} from orders where {where}")
            (row,) = result.fetchall()
            assert shown == _spelled(ask, dict(zip(result.columns, row, strict=True))), asked
        seen.add(shown["revenue"])
    assert len(seen) > 8


def test_overview_compares_with_the_28_days_before(
    ask: Asker, tables: duckdb.DuckDBPyConnection
) -> None:
    ((now, before),) = tables.sql(
        """select sum(net) filter (ordered_on between '2026-02-04' and '2026-03-03'),
            sum(net) filter (ordered_on between '2026-01-07' and '2026-02-03')
        from orders where not is_cancelled"""
    ).fetchall()
    told = ask.get("/").words
    assert "2026-02-04 to 2026-03-03, compared with 2026-01-07 to 2026-02-03" in told
    assert f"{now:,.2f} EUR {'▲' if now > before else '▼'} {(now - before) / before:+.1%}" in told


def test_overview_compares_with_nothing_when_the_period_before_is_not_whole(ask: Asker) -> None:
    for period in ("last_90_days:0", "last_365_days:0", "month:2"):
        answer = ask.get(f"/?period={period}")
        assert "no whole period before it to compare with" in answer.words
        assert "▲" not in answer.words


def test_overview_shows_the_revenue_that_the_simulator_knows(simulated: Lake, ask: Asker) -> None:
    connection = duckdb.connect()
    truth = connection.read_parquet(f"{simulated.truth}/money/*.parquet")
    # Shipping is no revenue, so of web orders the truth of their lines is taken; what usable
    # records say, as some receipts of this world cannot be read.
    expected: dict[tuple[str, date], Decimal] = {
        (source, month): amount
        for source, month, amount in truth.query(
            "money",
            """select source, date_trunc('month', business_date)::date, sum(amount_landed)
            from money where entity in ('receipts', 'order_lines') and not is_cancelled
            group by all""",
        ).fetchall()
    }
    assert len(expected) == 6
    for period in ("month:0", "month:1", "month:2"):
        month = date.fromisoformat(_PERIODS[period][0])
        shown = ask.get(f"/?period={period}").figures
        store, web = expected["pos", month], expected["ecommerce", month]
        assert shown["store_revenue"] == f"{store:,.2f} EUR"
        assert shown["web_revenue"] == f"{web:,.2f} EUR"
        assert shown["revenue"] == f"{store + web:,.2f} EUR"
    total = sum(expected.values())
    assert ask.get("/?period=last_365_days:0").figures["revenue"] == f"{total:,.2f} EUR"


def test_other_pages_show_what_their_metrics_say(simulated: Lake, ask: Asker) -> None:
    for page in ("/retention", "/campaigns", "/service"):
        shown = ask.get(page).figures
        assert shown
        for name, found in shown.items():
            metric = ask.dashboard.metrics[name]
            rows = simulated.arrow(metric.table)  # noqa: F841 -- DuckDB reads it by its name
            ((value,),) = duckdb.sql(f"select {sql(metric)} from rows").fetchall()
            assert _spelled(ask, {name: value}) == {name: found}, page
