"""The asset that writes down what the checks of a run found, for whoever looks at its tables."""

from typing import Any

import dagster as dg

from customer360 import keys
from customer360.assets.lake_asset import lake_asset
from customer360.resources.check_results import record_check_results
from customer360.resources.lake import Lake


def build_check_results_asset() -> dg.AssetsDefinition:
    """The very last step of a refresh, behind all checks; a run that fails is told of elsewhere."""

    @lake_asset(
        keys.CHECK_RESULTS,
        [keys.REFRESHES],
        "What each check of the data found when it was last evaluated, for pages that show the "
        "data and know no Dagster. One row per check.",
        {"delta"},
        group=keys.OPS,
    )
    def check_results(
        context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]
    ) -> dg.MaterializeResult[Any]:
        failing = record_check_results(lake, context.instance, context.run_id)
        return dg.MaterializeResult(metadata={"not_passed": failing})

    return check_results
