"""Runs after upkeep and after a restore: the tables are those of a lake that had neither."""

from __future__ import annotations

import io
import shutil
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest
from rich.console import Console

from customer360 import keys
from customer360.automation.jobs import UPKEEP_JOB
from customer360.build import build_definitions
from customer360.commands.run import RunFailedError, run
from customer360.errors import VersionError
from customer360.fingerprint import differences, fingerprints
from customer360.resources import upkeep
from customer360.resources.backups import backups, restore_backup
from customer360.resources.dbt import project_fingerprint
from customer360.resources.lake import Lake
from customer360.resources.loads import Pending, pending
from customer360.resources.versions import find_version, history, restore_version
from customer360.resources.watermarks import increments
from customer360.settings import Settings
from customer360.sources import SOURCES
from customer360_tests.aging import age
from customer360_tests.builders import DAY, land, record

NEXT = DAY + timedelta(days=1)
RECEIPTS, SESSIONS = keys.silver("pos__receipts"), keys.gold("fct_web_sessions")
SNAPSHOT = keys.gold("customers_snapshot")


def _land(lake: Lake, day: date) -> None:
    """Land a day: receipts, an account that changes, events of a known and of a new visitor."""
    receipts = [
        record("pos__receipts", receipt_id=f"R{day.day}{n}", sold_at=f"{day}T10:00:00Z")
        for n in range(5)
    ]
    land(lake, "pos__receipts", receipts, day=day)
    changed = {"email": f"ada{day.day}@example.com", "updated_at": f"{day}T08:00:00Z"}
    land(lake, "ecommerce__accounts", [record("ecommerce__accounts", **changed)], day=day)
    events = [
        record(
            "web__events",
            event_id=f"E{day.day}{n}",
            anonymous_id=visitor,
            occurred_at=f"{day}T09:0{n}:00Z",
        )
        for n, visitor in enumerate(["known", f"new{day.day}"])
    ]
    land(lake, "web__events", events, day=day)


def _run(
    lake: Lake, first: date | None = None, last: date | None = None, select: str | None = None
) -> None:
    console = Console(file=io.StringIO())
    run(Settings(lake=lake.url), console, first=first, last=last, select=select)


def _upkeep_job(lake: Lake) -> set[str]:
    """Run the Dagster job; gives the tables that it tells of."""
    job = build_definitions(Settings(lake=lake.url)).resolve_job_def(UPKEEP_JOB)
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance)
    assert result.success
    told = (event.asset_observation_data for event in result.get_asset_observation_events())
    return {".".join(data.asset_observation.asset_key.path) for data in told}


def test_upkeep_and_restore_leave_the_following_runs_right(
    settings: Settings, lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del settings  # It sets DAGSTER_HOME.
    monkeypatch.setattr(upkeep, "CROWD", 2)
    _land(lake, DAY)
    _run(lake)
    _run(lake, DAY, DAY)
    for key in lake.tables():
        age(lake, key, 40)
    alone = Lake(str(tmp_path / "alone"))
    shutil.copytree(lake.url, alone.url, copy_function=shutil.copy2)

    # Upkeep changes no row, and what was incremental stays so.
    before = fingerprints(lake)
    told = _upkeep_job(lake)
    assert {"gold.customer_360", "ops.loads"} <= told
    assert differences(before, fingerprints(lake)) == []
    assert [b.seen_on for b in backups(lake, SNAPSHOT)] == [str(DAY)]
    (increment,) = increments(lake, {SESSIONS.table: "web__events"}, project_fingerprint())
    assert increment.days == ()
    assert pending(lake, SOURCES) == Pending(days=(), is_stale=False)

    # A new day after upkeep gives what it gives without.
    for one in (lake, alone):
        _land(one, NEXT)
        _run(one)
    assert differences(fingerprints(alone), fingerprints(lake)) == []
    assert lake.row_count(RECEIPTS) == 10

    # Time travel: the state before the new day is inside the retention, the first load is not.
    whole = [v.version for v in history(lake, RECEIPTS) if v.can_be_restored and v.rows == 5]
    yesterday = lake.delta(RECEIPTS, max(whole)).to_pyarrow_table()
    assert set(yesterday["landed_on"].to_pylist()) == {DAY}
    lost = [v.version for v in history(lake, RECEIPTS) if v.rows == 5 and not v.can_be_restored]
    with pytest.raises(VersionError, match="files of it are gone"):
        find_version(lake, RECEIPTS, max(lost), 30)

    # A restored table does not pass for loaded; its days loaded again make it whole.
    restore_version(lake, RECEIPTS, max(whole))
    with pytest.raises(RunFailedError, match=r"5 records and 52\.50 of money missing"):
        _run(lake, select='key:"ops/ledger"')
    # A lost snapshot stops a run before it begins a new one.
    shutil.rmtree(lake.table_url(SNAPSHOT))
    with pytest.raises(RunFailedError, match=r"restore gold\.customers_snapshot --from-backup"):
        _run(lake, select='key:"gold/customers_snapshot"')
    restore_backup(lake, SNAPSHOT, "newest", dry_run=False)
    # So does a restored gold table, also one that is built by increments.
    restore_version(lake, SESSIONS, lake.delta(SESSIONS).version() - 1)
    _run(lake, NEXT, NEXT)
    assert differences(fingerprints(alone), fingerprints(lake)) == []
