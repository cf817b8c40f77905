"""Landing folders as assets: what other systems write and this graph reads.

Where files just appear they are external; where a Data Factory copies them, materialising one
starts the copy of its days. Keys, partitions and edges are the same.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from customer360.assets.landing_run import COPIED_CHECK, LandingRun
from customer360.keys import LANDING
from customer360.resources.data_factory import DataFactory
from customer360.settings import Settings
from customer360.sources.spec import EntitySpec, SourceSpec


def landing_key(source: SourceSpec, entity: EntitySpec) -> dg.AssetKey:
    """Asset key of a landing folder."""
    return dg.AssetKey([LANDING, source.table(entity.name)])


def build_landing_assets(
    sources: Sequence[SourceSpec], days: dg.DailyPartitionsDefinition, settings: Settings
) -> list[dg.AssetSpec | dg.AssetsDefinition]:
    """One asset per entity; executable, one step per source, where a Data Factory copies."""
    if settings.ingestion == "data_factory":
        return [_copied_assets(source, days) for source in sources]
    return [_spec(source, entity, days) for source in sources for entity in source.entities]


def _spec(
    source: SourceSpec, entity: EntitySpec, days: dg.DailyPartitionsDefinition
) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=landing_key(source, entity),
        description=(
            f"{source.description} "
            f"Files under landing/{source.name}/{entity.name}/dt=YYYY-MM-DD/, "
            f"usually {entity.landing_format.value}. {entity.description}"
        ),
        group_name=LANDING,
        owners=[source.owner],
        kinds={entity.landing_format.value.partition(".")[0]},
        tags={"source": source.name},
        partitions_def=days,
    )


def _copied_assets(source: SourceSpec, days: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    # Skippable: the step reports each day of each asset itself, as soon as it is copied.
    specs = [
        _spec(source, entity, days).replace_attributes(skippable=True) for entity in source.entities
    ]

    @dg.multi_asset(
        name=f"copy_{source.name}",
        specs=specs,
        check_specs=[
            dg.AssetCheckSpec(
                COPIED_CHECK,
                asset=spec.key,
                description="The last run of the Data Factory copied all that it read.",
            )
            for spec in specs
        ],
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
        # Two runs of one source would follow the same open copy.
        pool=f"copy_{source.name}",
    )
    def copied_assets(
        context: dg.AssetExecutionContext, ingestion: dg.ResourceParam[DataFactory]
    ) -> Iterator[Any]:
        yield from LandingRun(context, ingestion, source.name).checks()

    return copied_assets
