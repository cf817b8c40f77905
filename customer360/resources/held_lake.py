"""The `lake` resource: in a run, the lake is held by this run alone; sensors only look at it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import dagster as dg

from customer360.resources.lake import Lake
from customer360.resources.lock import writing
from customer360.resources.processes import is_gone, process_mark

# Pool of every step that uses the lake; the run queue has one run at a time that has such a step.
LAKE_POOL = "lake"
# Run tag: the run, and the process that executes it.
PROCESS_TAG = "customer360/process"
_UNFINISHED = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


def build_lake(url: str) -> dg.ResourceDefinition:
    """The `lake` resource of a lake's URL."""

    @dg.resource(description="The lake; a run that uses it is its only writer.")
    @contextmanager
    def held_lake(context: dg.InitResourceContext) -> Iterator[Lake]:
        run, instance = context.run, context.instance
        if run is None or instance is None:
            yield Lake(url)
            return
        tell_process(instance, run.run_id)
        tell = context.log.info if context.log else print
        with writing(Lake(url), f"run {run.run_id}", tell):
            end_dead_runs(instance)
            yield Lake(url)

    return held_lake


def tell_process(instance: dg.DagsterInstance, run_id: str) -> None:
    """Tag a run with this process, so that its death is noticed.

    Who executes a run again starts with its tags: only the run's own counts.
    """
    instance.add_run_tags(run_id, {PROCESS_TAG: f"{run_id}@{process_mark()}"})


def end_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Report runs as failed whose process was killed, and free what they hold.

    Such a run would stay STARTED and keep its place in the queue and its pools, and whoever wants
    one of those would wait for ever.

    Returns:
        The ids of these runs.
    """
    dead = []
    for run in instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED)):
        tagged, _, mark = run.tags.get(PROCESS_TAG, "").partition("@")
        if tagged != run.run_id or not is_gone(mark):
            continue
        instance.report_run_failed(
            run,
            f"The process of this run ({mark}) ended without a word: killed, or out of memory. "
            f"Noticed {datetime.now(UTC):%Y-%m-%d %H:%M} UTC. The next refresh makes good what "
            "it left.",
        )
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
        dead.append(run.run_id)
    return dead
