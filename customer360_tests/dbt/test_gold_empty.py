"""Gold of a lake in which no source has landed anything yet."""

from __future__ import annotations

from datetime import date

from customer360.keys import GOLD
from customer360_tests.dbt.gold import Gold


def test_project_builds_when_no_source_has_landed_anything(gold: Gold) -> None:
    gold.run("build", "--exclude-resource-type", "unit_test", as_of=date(2026, 1, 20))
    lake = gold.engine.lake
    counts = {k.table: lake.row_count(k) for k in lake.tables() if k.layer == GOLD}
    members = {"dim_products": 1, "dim_stores": 2, "dim_dates": 365, "product_performance": 1}
    assert counts == dict.fromkeys(counts, 0) | members
