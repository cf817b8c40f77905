"""Schedules, and the question both the schedule and the sensor ask: which runs are due."""

import hashlib
from collections.abc import Sequence
from datetime import date

import dagster as dg

from customer360 import keys
from customer360.automation.jobs import REFRESH_JOB, UPKEEP_JOB, contiguous, range_tags
from customer360.errors import LandingError
from customer360.landing.files import day_fingerprint
from customer360.resources.lake import Lake
from customer360.resources.loads import landed_files, pending
from customer360.settings import Settings
from customer360.sources.spec import SourceSpec

NIGHTLY = "nightly_refresh_customer_360"
WEEKLY = "weekly_upkeep"
# Sunday morning, UTC. Whichever of refresh and upkeep comes second waits for the other.
_WEEKLY_CRON = "0 5 * * 0"
# Whether automation starts by itself: on a laptop somebody turns it on in the UI.
STARTS_BY_ITSELF = {"local": False, "server": True, "azure": True}


def due_runs(
    lake: Lake,
    sources: Sequence[SourceSpec],
    *,
    also_stale: bool = False,
    loading: Sequence[tuple[date, date]] = (),
) -> list[dg.RunRequest]:
    """One run request per group of landing days that hold files which are not loaded.

    The run key covers every file of every day of the group, so a late file in the middle of a group
    makes a new key; and the loads table's own id, so that a lake made anew is loaded anew.

    Args:
        lake: The lake.
        sources: The source systems.
        also_stale: Where all is loaded, but not all built from it, as after a backfill of silver or
            a run that failed in gold: ask for the last day, and everything downstream with it.
        loading: Ranges of landing days that are being loaded: pending until that is done, and not
            asked for. What lands on them meanwhile is asked for afterwards.

    Raises:
        LandingError: There is no landing zone yet.
    """
    files = landed_files(lake, sources)
    todo = pending(lake, sources)
    landed = sorted({day for _, day in files})
    idle = [day for day in todo.days if not any(first <= day <= last for first, last in loading)]
    ranges = list(contiguous(idle, landed))
    if also_stale and todo.is_stale and landed and not ranges:
        ranges = [(landed[-1], landed[-1])]
    lake_id = str(lake.delta(keys.LOADS).metadata().id) if lake.exists(keys.LOADS) else "new"
    requests = []
    for first, last in ranges:
        prints = sorted(
            f"{entity} {day} {day_fingerprint(of_day)}"
            for (entity, day), of_day in files.items()
            if first <= day <= last
        )
        digest = hashlib.sha256("\n".join([lake_id, *prints]).encode()).hexdigest()[:16]
        requests.append(
            dg.RunRequest(run_key=f"{first}..{last} {digest}", tags=range_tags(first, last))
        )
    return requests


def build_schedules(
    settings: Settings, sources: Sequence[SourceSpec]
) -> list[dg.ScheduleDefinition]:
    """The nightly refresh, which also loads what a failed run left, and the weekly upkeep."""
    status = (
        dg.DefaultScheduleStatus.RUNNING
        if STARTS_BY_ITSELF[settings.env]
        else dg.DefaultScheduleStatus.STOPPED
    )

    @dg.schedule(
        name=NIGHTLY,
        cron_schedule=settings.schedule,
        execution_timezone="UTC",
        default_status=status,
        job_name=REFRESH_JOB,
        description=(
            "Loads what has landed and is not loaded, builds what is not built from it; skips when "
            "there is nothing of either."
        ),
    )
    def nightly(
        context: dg.ScheduleEvaluationContext, lake: dg.ResourceParam[Lake]
    ) -> list[dg.RunRequest] | dg.SkipReason:
        try:
            requests = due_runs(lake, sources, also_stale=True)
        except LandingError as error:
            # Where nothing has landed yet, nothing is wrong.
            return dg.SkipReason(str(error))
        if not requests:
            return dg.SkipReason("Every landed file is loaded and everything is built from it.")
        # A nightly run is also the retry of one that failed, so its key carries the night.
        night = context.scheduled_execution_time.isoformat()
        return [dg.RunRequest(run_key=f"{r.run_key} {night}", tags=r.tags) for r in requests]

    weekly = dg.ScheduleDefinition(
        name=WEEKLY,
        cron_schedule=_WEEKLY_CRON,
        execution_timezone="UTC",
        default_status=status,
        job_name=UPKEEP_JOB,
        description="Tends all tables of the lake.",
    )
    return [nightly, weekly]


def sensor_status(settings: Settings) -> dg.DefaultSensorStatus:
    """Whether a sensor that starts work is on where nobody has turned it on or off."""
    is_on = STARTS_BY_ITSELF[settings.env]
    return dg.DefaultSensorStatus.RUNNING if is_on else dg.DefaultSensorStatus.STOPPED
