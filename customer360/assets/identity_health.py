"""The asset that measures identity after each run, warns, and writes the page about it."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from customer360 import keys
from customer360.assets.identity import identity_asset
from customer360.checks.identity_drift import LEAST_RECORDS, MOST_POINTS_LOST, kept_figures
from customer360.identity import contract
from customer360.pages.identity_report import Assessment, assess
from customer360.resources.identity_history import keep_figures
from customer360.resources.lake import Lake
from customer360.settings import Settings
from customer360.sources.spec import SourceSpec

RATES_CHECK = "match_rates_hold"
ATTACHED_CHECK = "activity_stays_attached"
SIZE_CHECK = "no_customer_is_too_large"
REPORT = "identity.html"
_LEAST = f"Not judged: tables of fewer than {LEAST_RECORDS} records, and campaigns' deliveries."


def build_identity_health(sources: Sequence[SourceSpec], settings: Settings) -> dg.AssetsDefinition:
    """The figures of identity, with their checks, as one step behind all identity tables."""

    @identity_asset(
        keys.IDENTITY_HEALTH,
        [contract.HOUSEHOLDS],
        "How identity is doing: match rate of each source, sizes of customers, candidate "
        "pairs, activity that belongs to somebody, and how well customers agree with persons "
        "where a simulator knows them. One row per run, figure and part.",
        {"duckdb", "delta"},
        _checks(settings.shared_identifier_limit),
    )
    def identity_health(
        context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]
    ) -> Iterator[Any]:
        candidates = _candidates(context.instance)
        found = assess(lake, sources, settings.shared_identifier_limit, candidates)
        at = datetime.now(UTC)
        keep_figures(lake, found.health.links_version, kept_figures(found.health), at=at)
        url = lake.write_report(REPORT, found.page(at))
        yield dg.MaterializeResult(metadata=_metadata(found, url, is_remote=lake.is_remote))
        yield _result(RATES_CHECK, found.lower_rates)
        yield _result(ATTACHED_CHECK, found.detached)
        yield _result(SIZE_CHECK, found.large)

    return identity_health


def _checks(limit: int) -> list[dg.AssetCheckSpec]:
    described = {
        RATES_CHECK: (
            "Of no table the share of records whose customer another source knows, too, fell by "
            f"more than {MOST_POINTS_LOST} percentage points since the last run. {_LEAST}"
        ),
        ATTACHED_CHECK: (
            "Of no table the share of records that belong to a customer fell by more than "
            f"{MOST_POINTS_LOST} percentage points since the last run. {_LEAST}"
        ),
        SIZE_CHECK: (
            f"No customer has more than {limit} accounts, contacts and profiles "
            "(C360_SHARED_IDENTIFIER_LIMIT)."
        ),
    }
    return [
        dg.AssetCheckSpec(name, asset=list(keys.IDENTITY_HEALTH), description=told)
        for name, told in described.items()
    ]


def _candidates(instance: dg.DagsterInstance) -> int | None:
    """Candidate pairs that the last matching told of."""
    event = instance.get_latest_materialization_event(dg.AssetKey(list(contract.CUSTOMER_MATCHES)))
    made = event.asset_materialization if event else None
    told = made.metadata.get("candidate_pairs") if made else None
    return told.value if told is not None and isinstance(told.value, int) else None


def _metadata(found: Assessment, url: str, *, is_remote: bool) -> dict[str, Any]:
    health = found.health
    shown = dg.MetadataValue.url(url) if is_remote else dg.MetadataValue.path(url)
    told: dict[str, Any] = {
        "report": shown,
        "customers": health.customers,
        "activity_attached_share": round(health.activity.attached_share, 4),
        "match_rates": {table.entity: round(table.match_rate, 4) for table in health.tables},
        "earlier_runs": len(found.past),
    }
    if health.people is not None:
        told["b_cubed_f1"] = round(health.people.identified.b_cubed_f1, 4)
    return told


def _result(check: str, problems: Sequence[str]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=check,
        asset_key=list(keys.IDENTITY_HEALTH),
        passed=not problems,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(problems) or None,
        metadata={"problems": list(problems)},
    )
