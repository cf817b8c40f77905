"""Sensors: new landing files ask for a refresh of just their days; a failed run tells somebody."""

import json
import urllib.request
from collections.abc import Sequence
from datetime import date

import dagster as dg

from customer360 import credentials
from customer360.automation.data_factory_runs import build_data_factory_sensor
from customer360.automation.jobs import RANGE_END, RANGE_START, REFRESH_JOB
from customer360.automation.schedules import due_runs, sensor_status
from customer360.errors import LandingError
from customer360.resources.held_lake import end_dead_runs
from customer360.resources.lake import Lake
from customer360.settings import Settings, variable_name
from customer360.sources.spec import SourceSpec

LANDING_SENSOR = "new_landing_files"
FAILURE_SENSOR = "tell_about_failed_runs"
DEAD_RUN_SENSOR = "fail_dead_runs"
_WEBHOOK_TIMEOUT_SECONDS = 10
_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def build_sensors(settings: Settings, sources: Sequence[SourceSpec]) -> list[dg.SensorDefinition]:
    """The landing sensor, the failure sensor, and the one that finds runs that were killed."""

    @dg.sensor(
        name=LANDING_SENSOR,
        job_name=REFRESH_JOB,
        minimum_interval_seconds=30,
        default_status=sensor_status(settings),
        description=(
            "Asks for a refresh of exactly the landing days that hold files which are not loaded."
        ),
    )
    def new_landing_files(
        context: dg.SensorEvaluationContext, lake: dg.ResourceParam[Lake]
    ) -> dg.SensorResult | dg.SkipReason:
        # What is pending follows from the lake, so a lost cursor neither loses nor repeats a file.
        loading = _days_being_loaded(context.instance)
        try:
            requests = due_runs(lake, sources, loading=loading)
        except LandingError as error:
            # Where nothing has landed yet, nothing is wrong.
            return dg.SkipReason(str(error))
        if not requests:
            return dg.SkipReason("Every landed file is loaded, or being loaded.")
        return dg.SensorResult(run_requests=requests)

    @dg.run_failure_sensor(
        name=FAILURE_SENSOR,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Logs every failed run and, with C360_ALERT_WEBHOOK, posts it there.",
    )
    def tell_about_failed_runs(context: dg.RunFailureSensorContext) -> None:
        message = failure_message(context)
        context.log.error(message["text"])
        # Not before something failed: a vault is asked over the network.
        webhook = settings.alert_webhook or credentials.secret(variable_name("alert_webhook"))
        if webhook:
            _post(webhook, message)

    @dg.sensor(
        name=DEAD_RUN_SENSOR,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=(
            "Reports runs as failed whose process was killed: they would stay STARTED and keep "
            "their place in the queue."
        ),
    )
    def fail_dead_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        dead = end_dead_runs(context.instance)
        return dg.SkipReason(f"Reported as failed: {', '.join(dead)}." if dead else "None is dead.")

    found = [new_landing_files, tell_about_failed_runs, fail_dead_runs]
    if settings.ingestion == "data_factory":
        found.append(build_data_factory_sensor(settings, sources))
    return found


def _days_being_loaded(instance: dg.DagsterInstance) -> list[tuple[date, date]]:
    """Ranges of landing days of the refreshes that are queued or at work."""
    unfinished = dg.RunsFilter(job_name=REFRESH_JOB, statuses=_UNFINISHED)
    return [
        (date.fromisoformat(run.tags[RANGE_START]), date.fromisoformat(run.tags[RANGE_END]))
        for run in instance.get_runs(filters=unfinished)
        if RANGE_START in run.tags
    ]


def failure_message(context: dg.RunFailureSensorContext) -> dict[str, str]:
    """What the failure sensor says."""
    run = context.dagster_run
    steps = ", ".join(e.step_key or "?" for e in context.get_step_failure_events()) or "no step"
    reason = context.failure_event.message
    return {
        "text": f"Run {run.run_id} of {run.job_name} failed at {steps}: {reason}",
        "run_id": run.run_id,
        "job": run.job_name,
        "failed_steps": steps,
    }


def _post(url: str, message: dict[str, str]) -> None:
    """Post a JSON message; the URL may carry a secret and stays out of errors."""
    request = urllib.request.Request(  # noqa: S310 - settings allow http and https only
        url, json.dumps(message).encode(), {"Content-Type": "application/json"}
    )
    try:
        urllib.request.urlopen(request, timeout=_WEBHOOK_TIMEOUT_SECONDS).close()  # noqa: S310
    except OSError as error:
        raise RuntimeError(
            "The alert webhook (C360_ALERT_WEBHOOK) did not take the message: "
            f"{type(error).__name__}"
        ) from None
