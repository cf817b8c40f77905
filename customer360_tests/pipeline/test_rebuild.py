"""A rebuild gives the tables that increments gave, whatever happened to them since."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from customer360 import keys
from customer360.fingerprint import differences, fingerprints
from customer360.resources.lake import Lake
from customer360.resources.rebuilds import unfinished
from customer360_tests.commands import Command

WORLD = ("--customers", "60", "--seed", "5", "--faults", "high")


def test_rebuild_gives_what_increments_gave_whatever_the_tables_hold_now(
    lake: Lake, start: Callable[..., Command]
) -> None:
    """Days in two increments, some of them twice; then damage, a rebuild, a kill, another."""
    start(lake, "five", "simulate", *WORLD, "--days", "5").ended()
    start(lake, "first").ended()
    start(lake, "eight", "simulate", *WORLD, "--days", "8").ended()
    start(lake, "second", "run", "--from", "2026-01-03", "--to", "2026-01-08").ended()
    grown = fingerprints(lake)
    versions = {key: lake.delta(key).version() for key in lake.tables()}

    lake.delta(keys.silver("web__events")).delete("landed_on < '2026-01-04'")
    lake.delta(keys.gold("fct_web_sessions")).delete("event_count = 1")
    lake.delta(keys.silver("customer_links")).delete()
    # Bronze still has what somebody has put away.
    shutil.rmtree(Path(lake.landing) / "pos" / "receipts" / "dt=2026-01-02")

    planned = start(lake, "dry", "rebuild", "--dry-run").ended()
    assert "Nothing has been changed" in planned
    assert (
        lake.delta(keys.silver("pos__receipts")).version() == versions[keys.silver("pos__receipts")]
    )

    killed = start(lake, "killed", "rebuild")
    killed.wait_until(lambda: "silver_ecommerce__orders" in killed.said)
    killed.process.kill()
    killed.process.wait()
    assert unfinished(lake) is not None

    told = start(lake, "resumed", "rebuild").ended()
    assert "Going on with the rebuild" in told
    assert "silver_catalog__products " not in told, "it was done before the kill"
    assert unfinished(lake) is None
    assert differences(grown, fingerprints(lake)) == []
    once = [keys.silver("pos__receipts"), keys.quarantine("web__events"), keys.silver("customers")]
    assert {key: lake.delta(key).version() - versions[key] for key in once} == dict.fromkeys(
        once, 1
    ), "one commit per table: no reader sees it half built"
