"""The one place where assets, checks, jobs, schedules, sensors and resources meet."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from customer360.assets.bronze import build_bronze_assets
from customer360.assets.check_results import build_check_results_asset
from customer360.assets.copied_rows import build_copy_checks
from customer360.assets.described import describe_assets
from customer360.assets.gold import (
    build_exposure_assets,
    build_gold_asset,
    build_refresh_asset,
    manifest_path,
)
from customer360.assets.identity import build_identity_assets
from customer360.assets.identity_health import build_identity_health
from customer360.assets.landing import build_landing_assets
from customer360.assets.ledger import build_ledger_assets
from customer360.assets.power_bi import build_power_bi_assets
from customer360.assets.silver import build_silver_assets
from customer360.automation.jobs import (
    build_ingest_job,
    build_refresh_job,
    build_training_job,
    build_upkeep_job,
)
from customer360.automation.partitions import landing_days
from customer360.automation.power_bi import build_power_bi_jobs, build_power_bi_sensors
from customer360.automation.schedules import build_schedules
from customer360.automation.sensors import build_sensors
from customer360.resources import build_resources
from customer360.serving.lineage_file import read_lineage
from customer360.settings import Settings
from customer360.sources import SOURCES
from customer360.sources.spec import SourceSpec

# Partition ranges as single runs and freshness policies are "beta" in Dagster 1.13; one warning per
# asset at every start would bury the ones that matter. The versions are pinned in
# requirements.lock.
warnings.filterwarnings("ignore", category=dg.BetaWarning)


def build_definitions(
    settings: Settings,
    *,
    sources: Sequence[SourceSpec] = SOURCES,
    resource_overrides: Mapping[str, Any] | None = None,
    loggers: Mapping[str, dg.LoggerDefinition] | None = None,
) -> dg.Definitions:
    """Assemble the whole platform for some settings.

    Args:
        settings: The parsed settings.
        sources: The source systems.
        resource_overrides: Resources that replace the settings' own, by name.
        loggers: Dagster loggers that replace the default one.

    Returns:
        The definitions of the one code location.

    Raises:
        MissingPrerequisiteError: The dbt manifest has not been made.
    """
    days = landing_days(settings)
    manifest = json.loads(manifest_path(settings).read_text())
    gold = build_gold_asset(settings, manifest)
    assets: list[dg.AssetsDefinition | dg.AssetSpec] = [
        *build_landing_assets(sources, days, settings),
        *build_bronze_assets(sources, days),
        *build_silver_assets(sources, days, settings.currency),
        *build_ledger_assets(sources, gold),
        *build_identity_assets(sources, settings),
        build_identity_health(sources, settings),
        gold,
        *build_exposure_assets(manifest),
        build_refresh_asset(sources, gold, manifest),
        build_check_results_asset(),
        *build_power_bi_assets(settings),
    ]
    return dg.Definitions(
        assets=describe_assets(assets, manifest, read_lineage(settings), settings.docs_url),
        asset_checks=build_copy_checks(sources, settings),
        jobs=[
            build_refresh_job(),
            build_upkeep_job(settings),
            build_training_job(),
            *([build_ingest_job()] if settings.ingestion == "data_factory" else []),
            *build_power_bi_jobs(settings),
        ],
        schedules=build_schedules(settings, sources),
        sensors=[*build_sensors(settings, sources), *build_power_bi_sensors(settings)],
        resources={**build_resources(settings), **(resource_overrides or {})},
        loggers=loggers,
        executor=dg.in_process_executor,
    )
