"""Silver assets: typed current rows of an entity, its child tables and quarantine, as one step."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import dagster as dg

from customer360 import keys
from customer360.assets.accounting import STATUSES, DayAccount, account
from customer360.assets.silver_load import SilverTables, load_days, tables_of
from customer360.automation.jobs import REBUILD_TAG
from customer360.automation.partitions import selected_days
from customer360.checks.quarantine_rate import Excess, day_shares, excesses
from customer360.landing.files import day_fingerprint, landed_days, list_files
from customer360.resources.engine import EngineResource
from customer360.resources.held_lake import LAKE_POOL
from customer360.resources.lake import Lake
from customer360.resources.loads import Load, forget_loads, record_loads
from customer360.sources.spec import EntitySpec, QuarantineLimit, SourceSpec

ACCOUNTING_CHECK = "every_record_has_one_status"
QUARANTINE_CHECK = "few_records_are_quarantined"
_SHOWN = 20


def build_silver_assets(
    sources: Sequence[SourceSpec], days: dg.DailyPartitionsDefinition, currency: str
) -> list[dg.AssetsDefinition]:
    """One step per entity that makes its silver table, child tables and quarantine."""
    return [_silver_asset(s, e, days, currency) for s in sources for e in s.entities]


def _silver_asset(
    source: SourceSpec, entity: EntitySpec, partitions: dg.DailyPartitionsDefinition, currency: str
) -> dg.AssetsDefinition:
    tables = tables_of(source, entity)

    @dg.multi_asset(
        name=f"silver_{source.table(entity.name)}",
        specs=list(_specs(source, entity, tables)),
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        check_specs=_checks(tables, entity.quarantine_limit),
        pool=LAKE_POOL,
    )
    def silver_asset(
        context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake], engine: EngineResource
    ) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
        whole = REBUILD_TAG in context.run.tags
        known = landed_days(lake.landing, source.name, entity.name)
        if whole:
            # Bronze keeps the days whose landing files somebody has put away.
            known = sorted({*known, *lake.days(tables.bronze)})
        landed = selected_days(context, known)
        before = forget_loads(lake, source.table(entity.name), landed)
        loaded = load_days(engine.open, source, entity, landed, currency, whole=whole)
        accounts = account(engine.open, tables, entity, loaded.scope)
        _report_days(context, tables, accounts)
        for key in (tables.silver, *tables.children, tables.quarantine):
            yield dg.MaterializeResult(asset_key=list(key), metadata=lake.describe(key))
        accounting = _accounting(tables, accounts)
        yield accounting
        limit = entity.quarantine_limit
        too_many = _excesses(lake, tables, landed, limit)
        yield _quarantined(tables, limit, too_many, accounts)
        if accounting.passed:
            # A day that is blocked is not loaded: the next run judges it again.
            blocked = {excess.landed_on for excess in too_many} if limit.blocks else set()
            days = [day for day in landed if day not in blocked]
            _record(lake, source, entity, days, before, accounts, loaded.amounts)

    return silver_asset


def _specs(source: SourceSpec, entity: EntitySpec, tables: SilverTables) -> Iterator[dg.AssetSpec]:
    pii = [f.name for f in entity.fields if f.pii]
    described = [(tables.silver, entity.description, keys.SILVER)]
    described += [
        (k, c.description, keys.SILVER)
        for k, c in zip(tables.children, entity.children, strict=True)
    ]
    described.append(
        (
            tables.quarantine,
            (
                f"Records of {source.name} {entity.name} that cannot be used: rule, column, value, "
                "file and line. One row per quarantined record."
            ),
            keys.QUARANTINE,
        )
    )
    for key, description, group in described:
        yield dg.AssetSpec(
            key=list(key),
            deps=[list(tables.bronze)],
            description=description,
            group_name=group,
            owners=[source.owner],
            kinds={"pyspark", "delta"},
            tags={"source": source.name} | ({"pii": "true"} if pii else {}),
        )


def _checks(tables: SilverTables, limit: QuarantineLimit) -> list[dg.AssetCheckSpec]:
    return [
        dg.AssetCheckSpec(
            ACCOUNTING_CHECK,
            asset=list(tables.silver),
            blocking=True,
            description=(
                "Each bronze record is current, superseded, duplicate, quarantined or repaired, "
                "once."
            ),
        ),
        dg.AssetCheckSpec(
            QUARANTINE_CHECK,
            asset=list(tables.quarantine),
            blocking=limit.blocks,
            description=(
                f"On no landing day more than {limit.least_share:.0%} of the records and "
                f"{limit.times_usual:g} times the usual share are quarantined. Usual is the median "
                f"of the {limit.history_days} landing days before; fewer than "
                f"{limit.least_records} records are never too many."
            ),
        ),
    ]


def _report_days(
    context: dg.AssetExecutionContext, tables: SilverTables, accounts: Mapping[date, DayAccount]
) -> None:
    """Report the figures of the days that this step was asked for."""
    first, last = context.partition_key_range
    for day, figures in accounts.items():
        if not first <= day.isoformat() <= last:
            continue
        counted = {"rows_in": figures.bronze} | {
            status: figures.statuses[status] for status in STATUSES
        }
        money = {
            "money_in": str(figures.amount),
            "money_out": str(figures.amount_current),
        }
        context.add_asset_metadata(
            counted | money,
            asset_key=dg.AssetKey(list(tables.silver)),
            partition_key=day.isoformat(),
        )
        context.add_asset_metadata(
            {"quarantined": figures.statuses["quarantined"], "reasons": dict(figures.reasons)},
            asset_key=dg.AssetKey(list(tables.quarantine)),
            partition_key=day.isoformat(),
        )


def _accounting(tables: SilverTables, accounts: Mapping[date, DayAccount]) -> dg.AssetCheckResult:
    open_days = {str(day): a.difference for day, a in accounts.items() if a.difference}
    return dg.AssetCheckResult(
        check_name=ACCOUNTING_CHECK,
        asset_key=list(tables.silver),
        passed=not open_days,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"records_without_status_by_day": open_days, "days": len(accounts)},
    )


def _excesses(
    lake: Lake, tables: SilverTables, landed: Sequence[date], limit: QuarantineLimit
) -> list[Excess]:
    if not landed or not lake.row_count(tables.quarantine):
        return []
    return excesses(day_shares(lake, tables.quarantine.table), landed, limit)


def _quarantined(
    tables: SilverTables,
    limit: QuarantineLimit,
    found: Sequence[Excess],
    accounts: Mapping[date, DayAccount],
) -> dg.AssetCheckResult:
    reasons: Counter[str] = sum((a.reasons for a in accounts.values()), Counter())
    return dg.AssetCheckResult(
        check_name=QUARANTINE_CHECK,
        asset_key=list(tables.quarantine),
        passed=not found,
        severity=dg.AssetCheckSeverity.ERROR if limit.blocks else dg.AssetCheckSeverity.WARN,
        description="; ".join(str(excess) for excess in found[:_SHOWN]) or None,
        metadata={
            "days_with_too_many": len(found),
            "records": sum(a.bronze for a in accounts.values()),
            "quarantined": sum(a.statuses["quarantined"] for a in accounts.values()),
            "reasons": dict(reasons),
        },
    )


def _record(
    lake: Lake,
    source: SourceSpec,
    entity: EntitySpec,
    landed: Sequence[date],
    before: Mapping[date, Load],
    accounts: Mapping[date, DayAccount],
    amounts: Mapping[date, Decimal],
) -> None:
    """Write down which files were loaded, so that later files make the day pending again."""
    files = list_files(lake.landing, source.name, entity.name, set(landed)) if landed else []
    table = source.table(entity.name)
    loads = []
    for day in landed:
        of_day = [f for f in files if f.landed_on == day]
        # Files that were put away since stay what the day was loaded from.
        earlier = before.get(day) if not of_day else None
        loads.append(
            Load(
                entity=table,
                landed_on=day,
                files_fingerprint=earlier.files_fingerprint if earlier else day_fingerprint(of_day),
                files=earlier.files if earlier else len(of_day),
                records=accounts[day].bronze,
                amount=amounts[day],
            )
        )
    record_loads(lake, table, loads, at=datetime.now(UTC))
