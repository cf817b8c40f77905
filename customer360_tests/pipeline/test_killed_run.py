"""Runs that are killed, and two at once: the next run ends with the tables of an undisturbed one.

Real processes and SIGKILL, so that nothing gets to tidy up.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from customer360.fingerprint import differences, fingerprints
from customer360.resources.lake import Lake
from customer360.resources.loads import Pending, pending
from customer360.sources import SOURCES
from customer360_tests.builders import DAY, land, record
from customer360_tests.commands import Command, children, customer360


def _world(lake: Lake) -> None:
    receipts = [record("pos__receipts", receipt_id=f"R{n}") for n in range(5)]
    land(lake, "pos__receipts", [*receipts, receipts[0], record("pos__receipts", total_amount="x")])
    land(lake, "pos__receipt_lines", [record("pos__receipt_lines", receipt_id="R1")])
    land(lake, "ecommerce__accounts", [record("ecommerce__accounts")])
    land(lake, "ecommerce__orders", [record("ecommerce__orders")])
    land(lake, "web__events", [record("web__events")])


@dataclass(frozen=True)
class Undisturbed:
    """A lake that two runs were started on at once, and nothing else.

    Attributes:
        lake: The lake.
        first: What the run that loaded it said.
        second: What the run that came to it said.
    """

    lake: Lake
    first: str
    second: str


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    folder = tmp_path_factory.mktemp("undisturbed")
    lake, home = Lake(str(folder / "lake")), {"DAGSTER_HOME": str(folder / "dagster")}
    _world(lake)
    with closing(Command(lake, "first", customer360("run"), home)) as first:
        first.wait_until(lambda: "Refreshing" in first.said)
        with closing(Command(lake, "second", customer360("run"), home)) as second:
            waiting = "Waiting: the lake is being written by customer360"
            second.wait_until(lambda: waiting in second.said)
            return Undisturbed(lake, first.ended(), second.ended())


def test_of_two_runs_at_once_the_second_waits_and_finds_nothing_new(
    undisturbed: Undisturbed,
) -> None:
    assert "Done in" in undisturbed.first
    assert "Nothing new" in undisturbed.second


def test_killed_in_silver_and_in_dbt_the_next_run_makes_it_good(
    lake: Lake, undisturbed: Undisturbed, start: Callable[..., Command]
) -> None:
    _world(lake)
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

    assert differences(fingerprints(undisturbed.lake), fingerprints(lake)) == []
