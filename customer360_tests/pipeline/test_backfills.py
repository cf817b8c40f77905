"""Backfills as the Dagster UI starts them: days of one entity, and of everything."""

from __future__ import annotations

import io
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from customer360 import keys
from customer360.automation.jobs import RANGE_END, RANGE_START, REFRESH_JOB
from customer360.build import build_definitions
from customer360.commands.run import run
from customer360.fingerprint import differences, fingerprints
from customer360.keys import TableKey
from customer360.resources.lake import Lake
from customer360.resources.loads import Pending, pending
from customer360.settings import Settings
from customer360.sources import SOURCES
from customer360_tests.builders import DAY, land, record
from customer360_tests.dagster_dev import DagsterDev, dagster_dev

RECEIPTS = "pos__receipts"
ONE_ENTITY = (keys.bronze(RECEIPTS), keys.silver(RECEIPTS), keys.quarantine(RECEIPTS))
# Nothing lands on the third of these days.
DAYS = [DAY + timedelta(days=n) for n in range(4)]
FIRST, SECOND, _, LAST = DAYS


def _land(lake: Lake) -> None:
    """Receipts, one of them bad, on three days; an account and orders on some of them."""
    for day in (FIRST, SECOND, LAST):
        made = {"receipt_id": f"R{day.day}", "sold_at": f"{day}T08:00:00Z"}
        bad = record(RECEIPTS, receipt_id=f"X{day.day}", total_amount="x")
        land(lake, RECEIPTS, [record(RECEIPTS, **made), bad], day=day)
    land(lake, "ecommerce__accounts", [record("ecommerce__accounts")], day=SECOND)
    land(lake, "ecommerce__orders", [record("ecommerce__orders")], day=FIRST)
    paid = record("ecommerce__orders", status="paid", updated_at=f"{LAST}T08:00:00Z")
    land(lake, "ecommerce__orders", [paid], day=LAST)


def _everything(settings: Settings) -> list[TableKey]:
    """What the page of the job selects: all that a run makes."""
    graph = build_definitions(settings).resolve_asset_graph()
    return [TableKey(*key.path) for key in graph.executable_asset_keys]


def _loads(lake: Lake) -> list[tuple[str, date]]:
    """Entity and landing day of every load, as often as it is recorded."""
    rows = lake.arrow(keys.LOADS, ["entity", "landed_on"]).to_pylist()
    return sorted((row["entity"], row["landed_on"]) for row in rows)


def _ranges(server: DagsterDev, backfill: dict[str, Any]) -> list[tuple[str, str]]:
    """First and last day of every run of a backfill that has succeeded."""
    assert backfill["status"] == "COMPLETED_SUCCESS", (backfill, server.log())
    return [(run["tags"][RANGE_START], run["tags"][RANGE_END]) for run in backfill["runs"]]


def test_backfills_from_the_ui_load_their_days_once_in_one_run_as_the_command_does(
    settings: Settings, lake: Lake, tmp_path: Path
) -> None:
    _land(lake)
    commanded = Lake(str(tmp_path / "commanded"))
    shutil.copytree(lake.landing, commanded.landing, copy_function=shutil.copy2)
    console = Console(file=io.StringIO())
    with dagster_dev(settings, tmp_path / "home") as server:
        # Two days of one entity, from the asset graph.
        one = server.wait_for_backfill(server.backfill_assets(ONE_ENTITY, [FIRST, SECOND]))
        assert _ranges(server, one) == [(str(FIRST), str(SECOND))]
        progress = {
            TableKey(*s["assetKey"]["path"]): (
                s["numPartitionsTargeted"],
                s["numPartitionsMaterialized"],
            )
            for s in one["assetBackfillData"]["assetBackfillStatuses"]
        }
        assert progress == dict.fromkeys(ONE_ENTITY, (2, 2))
        loaded = (str(FIRST), str(SECOND), "MATERIALIZED")
        assert [server.partitions(key) for key in ONE_ENTITY] == [[loaded]] * 3
        assert _loads(lake) == [(RECEIPTS, FIRST), (RECEIPTS, SECOND)]

        select = " or ".join(f'key:"{key.path}"' for key in ONE_ENTITY)
        chosen = Settings(lake=commanded.url)
        run(chosen, console, first=FIRST, last=SECOND, select=select)
        assert differences(fingerprints(commanded), fingerprints(lake)) == []

        # All days of everything, from the page of the job.
        backfill = server.backfill_job(REFRESH_JOB, _everything(settings), DAYS)
        whole = server.wait_for_backfill(backfill)
        assert _ranges(server, whole) == [(str(FIRST), str(LAST))]
        by_day = {s["partitionName"]: s["runStatus"] for s in whole["partitionStatuses"]["results"]}
        assert by_day == {str(day): "SUCCESS" for day in DAYS}
        loaded = (str(FIRST), str(LAST), "MATERIALIZED")
        assert server.partitions(keys.silver("ecommerce__orders")) == [loaded]
    assert _loads(lake) == [
        ("ecommerce__accounts", SECOND),
        ("ecommerce__orders", FIRST),
        ("ecommerce__orders", LAST),
        (RECEIPTS, FIRST),
        (RECEIPTS, SECOND),
        (RECEIPTS, LAST),
    ]
    assert pending(lake, SOURCES) == Pending(days=(), is_stale=False)
    run(chosen, console)
    assert differences(fingerprints(commanded), fingerprints(lake)) == []
