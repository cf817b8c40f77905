"""The check that reconciles what a Data Factory copied with what bronze holds."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg

from customer360 import keys
from customer360.assets.landing_run import BYTES_COPIED, ENDED_AT, PUBLISHED, ROWS_COPIED
from customer360.checks.copied_rows import Reconciled, ReportedCopy, reconcile_copies
from customer360.resources.held_lake import LAKE_POOL
from customer360.resources.lake import Lake
from customer360.settings import Settings
from customer360.sources.spec import SourceSpec

ROWS_CHECK = "copied_rows_are_in_bronze"
# Of each entity; a trigger's run is often reported after its day is loaded, and compared then.
_LAST_COPIES = 60


def build_copy_checks(
    sources: Sequence[SourceSpec], settings: Settings
) -> list[dg.AssetChecksDefinition]:
    """One step for all entities, where a Data Factory copies; none elsewhere."""
    if settings.ingestion != "data_factory":
        return []
    tables = {keys.bronze(s.table(e.name)): (s.name, e.name) for s in sources for e in s.entities}

    @dg.multi_asset_check(
        name="reconcile_copies",
        specs=[
            dg.AssetCheckSpec(
                ROWS_CHECK,
                asset=list(table),
                # A day counts as loaded when silver is written.
                additional_deps=[list(keys.silver(table.table))],
                description=(
                    "Bronze holds the rows, and the landing zone the bytes, that the factory "
                    "says it copied, for the last copies of loaded days."
                ),
            )
            for table in tables
        ],
        can_subset=True,
        pool=LAKE_POOL,
    )
    def reconcile(
        context: dg.AssetCheckExecutionContext, lake: dg.ResourceParam[Lake]
    ) -> Iterator[Any]:
        for key in sorted(context.selected_asset_check_keys, key=str):
            source, entity = tables[keys.TableKey(*key.asset_key.path)]
            copies = reported_copies(context.instance, f"{source}__{entity}")
            found = reconcile_copies(lake, source, entity, copies, now=datetime.now(UTC))
            yield _result(key.asset_key, found)

    return [reconcile]


def reported_copies(instance: dg.DagsterInstance, entity: str) -> list[ReportedCopy]:
    """The last reported copy of each day, of the newest reports."""
    key = dg.AssetKey([keys.LANDING, entity])
    found: dict[date, ReportedCopy] = {}
    for record in instance.fetch_materializations(key, limit=_LAST_COPIES).records:
        event = record.asset_materialization
        if event is None or event.partition is None or BYTES_COPIED not in event.metadata:
            continue
        values = {name: value.value for name, value in event.metadata.items()}
        day = date.fromisoformat(event.partition)
        found.setdefault(
            day,
            ReportedCopy(
                day=day,
                rows=_count(values.get(ROWS_COPIED)),
                bytes_copied=_count(values[BYTES_COPIED]) or 0,
                published=tuple(_texts(values[PUBLISHED])),
                ended_at=_time(values.get(ENDED_AT), record.timestamp),
            ),
        )
    return list(found.values())


def _time(value: object, reported: float) -> datetime:
    """When a run had ended: before it was reported, where the factory did not say."""
    return datetime.fromtimestamp(value if isinstance(value, float) else reported, UTC)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def _result(key: dg.AssetKey, found: Reconciled) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=ROWS_CHECK,
        asset_key=key,
        passed=not found.problems,
        severity=dg.AssetCheckSeverity.ERROR,
        description="; ".join(found.problems) or None,
        metadata={
            "rows_in_bronze": found.rows,
            "days_compared": found.days,
            "days_not_loaded": found.waiting,
        },
    )
