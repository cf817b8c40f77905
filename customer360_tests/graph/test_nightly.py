"""What the nightly schedule asks for: what is not loaded, and what is not built from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import dagster as dg
import pytest

from customer360.automation.jobs import RANGE_END, RANGE_START
from customer360.automation.schedules import NIGHTLY, build_schedules
from customer360.landing.files import day_fingerprint
from customer360.resources.lake import Lake
from customer360.resources.loads import Load, landed_files, record_loads, record_refresh
from customer360.settings import Settings
from customer360.sources import SOURCES
from customer360_tests.builders import DAY, NOW, land, record

RECEIPTS = "pos__receipts"
NEXT = DAY + timedelta(days=1)


@pytest.fixture
def landed(lake: Lake) -> Lake:
    """A lake in which receipts of two days have landed."""
    for day in (DAY, NEXT):
        land(lake, RECEIPTS, [record(RECEIPTS)], day=day)
    return lake


def _load(lake: Lake, *days: date, at: datetime = NOW) -> None:
    """Write down that the files of these days are loaded."""
    files = landed_files(lake, SOURCES)
    loads = [
        Load(RECEIPTS, day, day_fingerprint(files[RECEIPTS, day]), 1, 1, Decimal("10.50"))
        for day in days
    ]
    record_loads(lake, RECEIPTS, loads, at=at)


def _asked(lake: Lake) -> Sequence[tuple[str, str]]:
    """Ranges of landing days that the schedule asks for tonight."""
    (nightly,) = [s for s in build_schedules(Settings(), SOURCES) if s.name == NIGHTLY]
    night = datetime(2026, 1, 5, 3, tzinfo=UTC)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(
            instance, scheduled_execution_time=night, resources={"lake": lake}
        )
        requests = nightly.evaluate_tick(context).run_requests
    return [(r.tags[RANGE_START], r.tags[RANGE_END]) for r in requests or ()]


def test_nightly_asks_for_the_days_that_are_not_loaded(landed: Lake) -> None:
    assert _asked(landed) == [(str(DAY), str(NEXT))]
    _load(landed, DAY)
    assert _asked(landed) == [(str(NEXT), str(NEXT))]


def test_nightly_asks_for_the_last_day_when_all_is_loaded_and_not_all_is_built(
    landed: Lake,
) -> None:
    """A run that failed in gold, or a backfill of silver alone, leaves a lake like this."""
    _load(landed, DAY, NEXT)
    assert _asked(landed) == [(str(NEXT), str(NEXT))]
    record_refresh(landed, "run")
    assert _asked(landed) == []
    _load(landed, DAY, at=NOW + timedelta(hours=1))
    assert _asked(landed) == [(str(NEXT), str(NEXT))]


def test_nightly_asks_for_nothing_before_anything_has_landed(lake: Lake) -> None:
    Path(lake.landing).mkdir(parents=True)
    assert _asked(lake) == []
