"""Bronze assets: one per entity, made from its declaration."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from customer360 import keys
from customer360.assets.bronze_load import BronzeLoad, load_bronze
from customer360.assets.field_sample import sampled_drift
from customer360.assets.landing import landing_key
from customer360.automation.partitions import selected_days
from customer360.landing.files import landed_days
from customer360.resources.held_lake import LAKE_POOL
from customer360.resources.lake import Lake
from customer360.resources.loads import forget_loads
from customer360.sources.contract_version import contract_version
from customer360.sources.drift import EntityDrift
from customer360.sources.spec import EntitySpec, OnDrift, SourceSpec

UNREADABLE_CHECK = "all_files_can_be_read"
FIELDS_CHECK = "fields_are_as_declared"


def build_bronze_assets(
    sources: Sequence[SourceSpec], days: dg.DailyPartitionsDefinition
) -> list[dg.AssetsDefinition]:
    """One asset per entity, partitioned by landing day; a range of days is one step."""
    return [_bronze_asset(s, e, days) for s in sources for e in s.entities]


def _bronze_asset(
    source: SourceSpec, entity: EntitySpec, partitions: dg.DailyPartitionsDefinition
) -> dg.AssetsDefinition:
    table = keys.bronze(source.table(entity.name))

    @dg.asset(
        key=list(table),
        deps=[landing_key(source, entity)],
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name=keys.BRONZE,
        owners=[source.owner],
        kinds={"python", "delta"},
        tags={"source": source.name},
        pool=LAKE_POOL,
        freshness_policy=dg.FreshnessPolicy.time_window(
            warn_window=timedelta(hours=source.warn_after_hours),
            fail_window=timedelta(hours=source.fail_after_hours),
        ),
        description=(
            f"Every record of {source.name} {entity.name} as it came, with its file and line. "
            "One row per landed record."
        ),
        check_specs=[
            dg.AssetCheckSpec(
                UNREADABLE_CHECK,
                asset=list(table),
                description="Every landed file could be opened and read to its end.",
            ),
            dg.AssetCheckSpec(
                FIELDS_CHECK,
                asset=list(table),
                blocking=entity.on_drift is OnDrift.BLOCK,
                description=(
                    "The first records of each file hold the declared fields, with values of the "
                    "declared types, and no others."
                ),
            ),
        ],
    )
    def bronze_asset(
        context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster compares with the bare class
        landed = selected_days(context, landed_days(lake.landing, source.name, entity.name))
        forget_loads(lake, table.table, landed)
        load = load_bronze(
            lake,
            source.name,
            entity.name,
            landed,
            batch_id=context.run_id,
            ingested_at=datetime.now(UTC),
        )
        _report_days(context, table, load, landed)
        drift = sampled_drift(lake, table.table, entity, load.sample, landed)
        return dg.MaterializeResult(
            metadata=lake.describe(table) | {"contract_version": contract_version(entity)},
            check_results=[_unreadable(table, load), _fields(table, entity, drift)],
        )

    return bronze_asset


def _report_days(
    context: dg.AssetExecutionContext, table: keys.TableKey, load: BronzeLoad, days: Sequence[date]
) -> None:
    """Report each day's own figures: a result's metadata would be copied to every day."""
    for day in days:
        context.add_asset_metadata(
            {"files": load.files[day], "rows_in": load.records[day]},
            asset_key=dg.AssetKey(list(table)),
            partition_key=day.isoformat(),
        )


def _unreadable(table: keys.TableKey, load: BronzeLoad) -> dg.AssetCheckResult:
    damaged = {
        str(day): dict(errors)
        for day, errors in load.errors.items()
        if {"unreadable_file", "truncated_gzip"} & set(errors)
    }
    return dg.AssetCheckResult(
        check_name=UNREADABLE_CHECK,
        asset_key=list(table),
        passed=not damaged,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"damaged_files_by_day": damaged},
    )


def _fields(table: keys.TableKey, entity: EntitySpec, drift: EntityDrift) -> dg.AssetCheckResult:
    """New fields only warn: nothing is lost, as bronze keeps them."""
    is_losing = bool(drift.vanished or drift.retyped)
    blocks = is_losing and entity.on_drift is OnDrift.BLOCK
    return dg.AssetCheckResult(
        check_name=FIELDS_CHECK,
        asset_key=list(table),
        passed=not drift,
        severity=dg.AssetCheckSeverity.ERROR if blocks else dg.AssetCheckSeverity.WARN,
        metadata={"found": "; ".join(drift.sentences()), "records_sampled": drift.records},
    )
