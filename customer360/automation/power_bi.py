"""After each refresh of the lake, one of the semantic model in Power BI."""

from typing import TYPE_CHECKING

import dagster as dg

from customer360 import keys
from customer360.automation.schedules import sensor_status
from customer360.settings import Settings

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

POWER_BI_JOB = "refresh_power_bi"
POWER_BI_SENSOR = "refreshed_lake_to_power_bi"


def build_power_bi_jobs(settings: Settings) -> list["UnresolvedAssetJobDefinition"]:
    """The job that refreshes the semantic model; none where the settings name none."""
    if not settings.power_bi_model:
        return []
    return [
        dg.define_asset_job(
            POWER_BI_JOB,
            selection=dg.AssetSelection.groups(keys.POWER_BI),
            description="Has Power BI read gold anew; the lake stays free for other runs.",
        )
    ]


def build_power_bi_sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """The sensor that asks for it after a refresh of the lake."""
    if not settings.power_bi_model:
        return []

    @dg.asset_sensor(
        asset_key=dg.AssetKey(list(keys.REFRESHES)),
        name=POWER_BI_SENSOR,
        job_name=POWER_BI_JOB,
        minimum_interval_seconds=30,
        default_status=sensor_status(settings),
        description="Asks for a refresh in Power BI after each refresh of the lake.",
    )
    def refreshed_lake_to_power_bi(
        context: dg.SensorEvaluationContext, event: dg.EventLogEntry
    ) -> dg.RunRequest | dg.SkipReason:
        del context
        made = event.asset_materialization
        # A refresh that does not count as complete says no as-of date (assets.gold).
        if made is None or "as_of_date" not in made.metadata:
            return dg.SkipReason("The refresh of the lake is not complete.")
        return dg.RunRequest(run_key=f"power_bi {event.run_id}")

    return [refreshed_lake_to_power_bi]
