"""The platform as users run it: `dagster dev`, a launched job, the landing sensor, a late file."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from customer360 import keys
from customer360.automation.jobs import RANGE_END, RANGE_START, REFRESH_JOB, range_tags
from customer360.automation.sensors import LANDING_SENSOR
from customer360.keys import TableKey
from customer360.resources.lake import Lake
from customer360.settings import Settings
from customer360_tests.builders import DAY, land, record
from customer360_tests.dagster_dev import dagster_dev

NEXT_DAY = DAY + timedelta(days=1)


def _receipts(lake: Lake) -> set[str]:
    table = lake.arrow(keys.silver("pos__receipts"), ["receipt_id"])
    return set(table.column("receipt_id").to_pylist())


def _loaded_days(lake: Lake) -> set[date]:
    return set(lake.arrow(keys.LOADS, ["landed_on"]).column("landed_on").to_pylist())


def test_dagster_dev_serves_runs_and_senses(settings: Settings, lake: Lake, tmp_path: Path) -> None:
    land(lake, "pos__receipts", [record("pos__receipts")])
    land(lake, "ecommerce__accounts", [record("ecommerce__accounts")])
    land(lake, "ecommerce__orders", [record("ecommerce__orders")], day=DAY - timedelta(days=1))
    with dagster_dev(settings, tmp_path / "home") as server:
        assert server.locations() == {"customer360": "RepositoryLocation"}, server.log()

        server.launch(REFRESH_JOB, range_tags(DAY - timedelta(days=1), DAY))
        assert server.wait_for_run(1)["status"] == "SUCCESS", server.log()
        assert lake.row_count(TableKey(keys.GOLD, "customer_360")) == 1

        land(lake, "pos__receipts", [record("pos__receipts", receipt_id="R2")], day=NEXT_DAY)
        server.start_sensor(LANDING_SENSOR)
        sensed = server.wait_for_run(2)
        assert sensed["status"] == "SUCCESS", server.log()
        assert (sensed["tags"][RANGE_START], sensed["tags"][RANGE_END]) == (str(NEXT_DAY),) * 2
        assert _receipts(lake) == {"R1", "R2"}

        server.reset_cursor(LANDING_SENSOR)
        land(lake, "pos__receipts", [record("pos__receipts", receipt_id="R3")], name="late")
        late = server.wait_for_run(3)
        assert late["status"] == "SUCCESS", server.log()
        assert (late["tags"][RANGE_START], late["tags"][RANGE_END]) == (str(DAY),) * 2
        assert _receipts(lake) == {"R1", "R2", "R3"}
        assert _loaded_days(lake) == {DAY - timedelta(days=1), DAY, NEXT_DAY}
