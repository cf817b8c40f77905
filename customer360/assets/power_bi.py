"""The semantic model in Power BI as an asset, where the settings name one."""

import dagster as dg

from customer360 import keys
from customer360.resources.held_lake import tell_process
from customer360.resources.lake import Lake
from customer360.resources.loads import last_refresh
from customer360.resources.power_bi import build_power_bi
from customer360.resources.power_bi_asked import AskedRefresh
from customer360.resources.power_bi_refresh import refresh_model
from customer360.serving.power_bi.model import TABLES
from customer360.settings import Settings

SEMANTIC_MODEL = dg.AssetKey([keys.POWER_BI, "customer360"])
CURRENT_CHECK = "shows_the_newest_gold"
# Metadata: the refresh of the lake whose gold it shows.
SHOWN = "lake_refresh"

_SPEC = dg.AssetSpec(
    SEMANTIC_MODEL,
    deps=[*(list(keys.gold(name)) for name in TABLES), list(keys.REFRESHES)],
    group_name=keys.POWER_BI,
    owners=["customer-data@example.com"],
    kinds={"powerbi"},
    description=(
        "The semantic model of powerbi/ in its workspace, refreshed from gold: what reports in "
        "Power BI show."
    ),
)


def build_power_bi_assets(settings: Settings) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """The refresh of the semantic model; where the settings name none, that there is such a thing.

    Asset keys and edges are the same in either case.
    """
    power_bi = build_power_bi(settings)
    if power_bi is None:
        return [_SPEC]

    @dg.asset(
        key=_SPEC.key,
        deps=_SPEC.deps,
        group_name=_SPEC.group_name,
        owners=_SPEC.owners,
        kinds=_SPEC.kinds,
        description=_SPEC.description,
        # Power BI has one refresh at a time. Gold is read by Power BI, not held by this step.
        pool=keys.POWER_BI,
        check_specs=[
            dg.AssetCheckSpec(
                CURRENT_CHECK,
                asset=SEMANTIC_MODEL,
                description="Gold has not been refreshed since Power BI began to read it.",
            )
        ],
    )
    def semantic_model(
        context: dg.AssetExecutionContext,
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster compares with the bare class
        tell_process(context.instance, context.run_id)
        shown, as_of = newest_gold(settings)
        notes = AskedRefresh(context.instance.daemon_cursor_storage, power_bi)
        done = refresh_model(power_bi, notes, shown, context.log.info)
        newest, _ = newest_gold(settings)
        return dg.MaterializeResult(
            metadata={
                "request_id": done.request_id,
                "semantic_model": dg.MetadataValue.url(power_bi.link),
                "started_at": done.started_at,
                "ended_at": done.ended_at,
                "as_of_date": as_of,
                SHOWN: shown,
            },
            check_results=[
                dg.AssetCheckResult(
                    check_name=CURRENT_CHECK,
                    passed=newest == shown,
                    severity=dg.AssetCheckSeverity.WARN,
                    metadata={"shown": shown, "newest": newest},
                )
            ],
        )

    return [semantic_model]


def newest_gold(settings: Settings) -> tuple[str, str]:
    """The refresh that made gold what it is, and its as-of date; empty before the first."""
    found = last_refresh(Lake(settings.lake))
    return (found["run_id"], str(found["as_of_date"])) if found else ("", "")
