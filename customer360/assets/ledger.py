"""Ledger assets: nothing is lost or doubled between landing and silver, nor from silver to gold."""

from collections.abc import Callable, Sequence
from typing import Any

import dagster as dg

from customer360 import keys
from customer360.assets.lake_asset import lake_asset
from customer360.assets.silver_load import tables_of
from customer360.checks.ledger import take_stock, write_ledger
from customer360.checks.reconciliation import reconcile, write_reconciliation
from customer360.resources.engine import EngineResource
from customer360.sources.spec import SourceSpec

CLOSES_CHECK = "every_hop_closes"
_SHOWN = 20


def build_ledger_assets(
    sources: Sequence[SourceSpec], gold: dg.AssetsDefinition
) -> list[dg.AssetsDefinition]:
    """The ledger up to silver, before identity is built, and what lies behind it, after gold."""
    silver = [list(tables_of(s, e).silver) for s in sources for e in s.entities]

    @_asset(
        keys.LEDGER,
        silver,
        "Where every landed record and its money is, counted from the tables as they are. "
        "One row per entity, landing day and hop.",
        "Each hop puts out the records and the money that went in: none lost, none twice, on any "
        "landing day that was ever loaded.",
    )
    def ledger(engine: EngineResource) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster compares with the bare class
        found = take_stock(engine.open, sources)
        write_ledger(engine.open, found)
        return _result(len(found.entries), found.problems())

    @_asset(
        keys.RECONCILIATION,
        [key.path for key in sorted(gold.keys)],
        "What went from silver into identity and gold, what came out, what is left out for a "
        "reason. One row per hop and entity.",
        "No customer, order, line, event or amount is lost or doubled behind silver.",
    )
    def reconciliation(engine: EngineResource) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster compares with the bare class
        balances = reconcile(engine.open)
        write_reconciliation(engine.open, balances)
        return _result(len(balances), [str(b) for b in balances if not b.is_closed])

    return [ledger, reconciliation]


def _asset(
    key: keys.TableKey, deps: Sequence[Any], description: str, closes: str
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """An asset of ops whose blocking check says that every hop closes."""
    return lake_asset(
        key,
        deps,
        description,
        {"pyspark", "delta"},
        [dg.AssetCheckSpec(CLOSES_CHECK, asset=list(key), blocking=True, description=closes)],
        group=keys.OPS,
    )


def _result(rows: int, problems: Sequence[str]) -> dg.MaterializeResult[Any]:
    check = dg.AssetCheckResult(
        check_name=CLOSES_CHECK,
        passed=not problems,
        severity=dg.AssetCheckSeverity.ERROR,
        description="; ".join(problems[:_SHOWN]) or None,
        metadata={"open_hops": len(problems), "problems": list(problems[:_SHOWN])},
    )
    return dg.MaterializeResult(metadata={"rows_out": rows}, check_results=[check])
