"""What the landing sensor asks for: the days that are not loaded, and that nothing is loading."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import dagster as dg
import pytest

from customer360.automation.jobs import RANGE_END, RANGE_START, REFRESH_JOB, range_tags
from customer360.automation.sensors import LANDING_SENSOR, build_sensors
from customer360.resources.lake import Lake
from customer360.settings import Settings
from customer360.sources import SOURCES
from customer360_tests.builders import DAY, land, record

NEXT = DAY + timedelta(days=1)
LATER = NEXT + timedelta(days=1)
RECEIPTS = "pos__receipts"


def _asked(lake: Lake, instance: dg.DagsterInstance) -> Sequence[tuple[str, str]]:
    """Ranges of landing days that the sensor asks for now."""
    (sensor,) = [s for s in build_sensors(Settings(), SOURCES) if s.name == LANDING_SENSOR]
    context = dg.build_sensor_context(instance, resources={"lake": lake})
    requests = sensor.evaluate_tick(context).run_requests
    return [(r.tags[RANGE_START], r.tags[RANGE_END]) for r in requests or ()]


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED])
def test_days_that_a_refresh_is_loading_are_not_asked_for_again(
    lake: Lake, status: dg.DagsterRunStatus
) -> None:
    for day in (DAY, NEXT):
        land(lake, RECEIPTS, [record(RECEIPTS)], day=day)
    with dg.DagsterInstance.ephemeral() as instance:
        assert _asked(lake, instance) == [(str(DAY), str(NEXT))]
        run = dg.DagsterRun(job_name=REFRESH_JOB, status=status, tags=range_tags(DAY, NEXT))
        instance.add_run(run)
        assert _asked(lake, instance) == []
        # A day that the refresh does not load.
        land(lake, RECEIPTS, [record(RECEIPTS)], day=LATER)
        assert _asked(lake, instance) == [(str(LATER), str(LATER))]


def test_what_an_ended_refresh_left_is_asked_for(lake: Lake) -> None:
    land(lake, RECEIPTS, [record(RECEIPTS)])
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_run(
            dg.DagsterRun(
                job_name=REFRESH_JOB,
                status=dg.DagsterRunStatus.FAILURE,
                tags=range_tags(DAY, DAY),
            )
        )
        assert _asked(lake, instance) == [(str(DAY), str(DAY))]
