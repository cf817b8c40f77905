"""Jobs: the one that refreshes everything, for a range of landing days, and the upkeep."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from customer360.assets.identity import TRAINING_JOB, TRAINING_TAG
from customer360.identity.contract import MATCH_MODELS
from customer360.keys import LANDING, POWER_BI
from customer360.resources.check_results import record_check_results
from customer360.resources.held_lake import LAKE_POOL
from customer360.resources.lake import Lake
from customer360.resources.upkeep import tend_lake
from customer360.settings import Settings

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

REFRESH_JOB = "refresh_customer_360"
UPKEEP_JOB = "upkeep"
INGEST_JOB = "copy_to_landing"
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
# Run tag: tables are made anew from all landing days, whatever they hold.
REBUILD_TAG = "customer360/rebuild"


def build_refresh_job() -> "UnresolvedAssetJobDefinition":
    """Load a range of landing days and rebuild everything downstream, as one run."""
    return dg.define_asset_job(
        REFRESH_JOB,
        # Never the copies from the source systems: a refresh loads what has landed. Nor is a model
        # of matching trained by the way: it would change who is who. Power BI follows by itself, as
        # waiting for it would hold the lake.
        selection=dg.AssetSelection.all()
        - dg.AssetSelection.groups(LANDING, POWER_BI)
        - dg.AssetSelection.assets(list(MATCH_MODELS)),
        hooks={tell_what_checks_found},
        description=(
            "Loads a range of landing days and rebuilds identity and gold from it, in one run."
        ),
    )


@dg.failure_hook(required_resource_keys={"lake"})
def tell_what_checks_found(context: dg.HookContext) -> None:
    """Write down what the checks found where a step fails; the last step, which does, is skipped.

    In the process of the run, which holds the lake. Dagster logs what a hook raises, and the run
    fails for its own reason.
    """
    record_check_results(context.resources.lake, context.instance, context.run_id)


def build_training_job() -> "UnresolvedAssetJobDefinition":
    """Train a model of matching; the next refresh matches with it."""
    return dg.define_asset_job(
        TRAINING_JOB,
        selection=dg.AssetSelection.assets(list(MATCH_MODELS)),
        tags={TRAINING_TAG: "true"},
        description=(
            "Trains a model of matching on the present records; the next refresh matches with it."
        ),
    )


def build_ingest_job() -> "UnresolvedAssetJobDefinition":
    """Have the Data Factory copy a range of days; the landing sensor then loads them."""
    return dg.define_asset_job(
        INGEST_JOB,
        selection=dg.AssetSelection.groups(LANDING),
        description=(
            "Has the Data Factory copy days from the source systems to the landing zone; "
            "new_landing_files then loads them."
        ),
    )


def build_upkeep_job(settings: Settings) -> dg.JobDefinition:
    """Tend all tables, as `customer360 upkeep` does; each that had work says so in the UI."""

    @dg.op(
        pool=LAKE_POOL,
        description="Backs up snapshots, merges small files, removes what is not kept.",
    )
    def tend_tables(context: dg.OpExecutionContext, lake: dg.ResourceParam[Lake]) -> None:
        done = tend_lake(lake, settings.retention_days, context.log.info, dry_run=False)
        for tended in done.tables:
            if tended.has_work:
                metadata = {
                    "files_before": tended.files_before,
                    "files_after": tended.files_after,
                    "removed_files": tended.removed_files,
                    "removed_bytes": tended.removed_bytes,
                    "delta_version": tended.version_after,
                }
                context.log_event(
                    dg.AssetObservation(asset_key=list(tended.key), metadata=metadata)
                )
        for warning in done.warnings:
            context.log.warning(warning)

    @dg.job(
        name=UPKEEP_JOB,
        description=(
            "Backs up the snapshots, merges small files, and removes what no version within "
            "the retention (C360_RETENTION_DAYS) needs."
        ),
    )
    def upkeep() -> None:
        tend_tables()

    return upkeep


def range_tags(first: date, last: date) -> dict[str, str]:
    """Run tags that make one run serve a range of landing days."""
    return {RANGE_START: first.isoformat(), RANGE_END: last.isoformat()}


def contiguous(pending: Sequence[date], landed: Sequence[date]) -> Iterator[tuple[date, date]]:
    """Group pending days into ranges that cover no landed day which is not pending.

    Args:
        pending: Days to load.
        landed: All days on which anything landed.

    Yields:
        (first, last) of each range, in order.
    """
    wanted = set(pending)
    group: list[date] = []
    for day in sorted(wanted | set(landed)):
        if day in wanted:
            group.append(day)
        elif group:
            yield group[0], group[-1]
            group = []
    if group:
        yield group[0], group[-1]
