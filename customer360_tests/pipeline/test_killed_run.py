"""Runs that are killed, and two at once: the next run ends with the tables of an undisturbed one.

Real processes and SIGKILL, so that nothing gets to tidy up.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import dagster as dg

from customer360.fingerprint import differences, fingerprints
from customer360.resources.lake import Lake
from customer360.resources.loads import Pending, pending
from customer360.sources import SOURCES
from customer360_tests.builders import DAY, land, record
from customer360_tests.commands import Command, children


def _world(lake: Lake) -> None:
    receipts = [record("pos__receipts", receipt_id=f"R{n}") for n in range(5)]
    land(lake, "pos__receipts", [*receipts, receipts[0], record("pos__receipts", total_amount="x")])
    land(lake, "pos__receipt_lines", [record("pos__receipt_lines", receipt_id="R1")])
    land(lake, "ecommerce__accounts", [record("ecommerce__accounts")])
    land(lake, "ecommerce__orders", [record("ecommerce__orders")])
    land(lake, "web__events", [record("web__events")])


def test_killed_in_silver_and_in_dbt_the_next_run_makes_it_good(
    lake: Lake, tmp_path: Path, start: Callable[..., Command]
) -> None:
    _world(lake)
    undisturbed = Lake(str(tmp_path / "undisturbed"))
    shutil.copytree(lake.landing, undisturbed.landing, copy_function=shutil.copy2)

    in_silver = start(lake, "in-silver")
    in_silver.wait_until(lambda: "silver_pos__receipt_lines" in in_silver.said)
    in_silver.process.kill()
    in_silver.process.wait()
    assert pending(lake, SOURCES).days == (DAY,)

    in_dbt = start(lake, "in-dbt")
    models = Path(lake.url) / "gold" / "dim_customers" / "_delta_log"
    in_dbt.wait_until(models.exists)
    in_dbt.process.kill()
    in_dbt.process.wait()
    assert len(children(lake)) >= 1, "dbt outlives the run that started it"

    told = start(lake, "last").ended()
    assert "left over by a run that was killed" in told
    assert children(lake) == []
    assert pending(lake, SOURCES) == Pending(days=(), is_stale=False)
    with dg.DagsterInstance.get() as instance:
        assert [run.status.value for run in instance.get_runs()] == [
            "SUCCESS",
            "FAILURE",
            "FAILURE",
        ]

    start(undisturbed, "undisturbed").ended()
    assert differences(fingerprints(undisturbed), fingerprints(lake)) == []


def test_of_two_runs_at_once_the_second_waits_and_finds_nothing_new(
    lake: Lake, start: Callable[..., Command]
) -> None:
    _world(lake)
    first = start(lake, "first")
    first.wait_until(lambda: "Refreshing" in first.said)
    second = start(lake, "second")
    second.wait_until(lambda: "Waiting: the lake is being written by customer360" in second.said)
    assert "Done in" in first.ended()
    assert "Nothing new" in second.ended()
