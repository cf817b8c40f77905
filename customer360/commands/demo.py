"""`customer360 demo`: a simulated world from nothing to customer_360, and what to look at next."""

from __future__ import annotations

import time
from datetime import date
from typing import TYPE_CHECKING, Any

from rich.table import Table

from customer360.commands.land import simulate_world
from customer360.commands.run import run
from customer360.keys import GOLD, TableKey
from customer360.resources.lake import Lake

if TYPE_CHECKING:
    from rich.console import Console

    from customer360.settings import Settings

CUSTOMERS, DAYS, SEED, START, FAULTS = 3000, 60, 1, date(2026, 1, 1), "low"

_NEXT = """[bold]What to look at next[/bold]
  make dashboard                             customers, segments, retention: http://127.0.0.1:8360
  customer360 status                         tables, freshness, quarantine, failing checks
  customer360 customer {email}
                                             everything known about one person
  customer360 query "select segment, count(*) from gold.customer_360 group by segment"
  customer360 verify                         compare the lake with the simulator's truth
  make dev                                   the graph in the Dagster UI: http://127.0.0.1:3000
  make docs                                  every table, column, figure: site/index.html
  docs/first-walk.md                         which customers are at risk, and what did they buy"""


def demo(settings: Settings, console: Console) -> None:
    """Simulate, refresh, show the result; a second time says that there is nothing new."""
    console.print(
        f"[bold]1. A retail world[/bold]: {CUSTOMERS:,} people, {DAYS} days, in {settings.lake}"
    )
    simulate_world(
        settings,
        console,
        customers=CUSTOMERS,
        days=DAYS,
        seed=SEED,
        start=START,
        faults=FAULTS,
    )
    console.print("\n[bold]2. The whole graph[/bold]: landing → bronze → silver → identity → gold")
    started = time.monotonic()
    if run(settings, console):
        console.print(f"The run took {time.monotonic() - started:.0f} s.")
    console.print("\n[bold]3. The result[/bold]")
    lake = Lake(settings.lake)
    console.print(_segments(lake))
    console.print(_NEXT.format(email=_someone(lake)), soft_wrap=True)


def _rows(lake: Lake, sql: str) -> list[tuple[Any, ...]]:
    """Query gold.customer_360 as `customers`."""
    import duckdb

    customers = lake.dataset(TableKey(GOLD, "customer_360"))
    with duckdb.connect() as connection:
        connection.register("customers", customers)
        return connection.sql(sql).fetchall()


def _segments(lake: Lake) -> Table:
    rows = _rows(
        lake,
        "select segment, count(*), sum(order_count), sum(lifetime_spend_amount), "
        "sum(lifetime_spend_amount) / nullif(sum(order_count), 0) "
        "from customers group by segment order by 4 desc, 1",
    )
    table = Table(title="Customers by segment (gold.customer_360)", title_justify="left")
    table.add_column("segment")
    for name in ("customers", "orders", "spend", "average order"):
        table.add_column(name, justify="right")
    for segment, customers, orders, spend, average in rows:
        shown = f"{average:,.2f}" if average is not None else ""
        table.add_row(segment, f"{customers:,}", f"{orders or 0:,}", f"{spend or 0:,.2f}", shown)
    return table


def _someone(lake: Lake) -> str:
    """The address of the customer who spent most, to try `customer360 customer` with."""
    rows = _rows(
        lake,
        "select email from customers where email is not null "
        "order by lifetime_spend_amount desc, customer_id limit 1",
    )
    return str(rows[0][0]) if rows else "<e-mail>"
