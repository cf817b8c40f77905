"""How far the figures can be relied on: how new, whether complete, what was left out and why."""

from __future__ import annotations

from typing import Any, Final

from customer360.keys import CHECK_RESULTS, IDENTITY_HEALTH
from customer360.serving.dashboard.view import Content, View
from customer360.sources import SOURCES

_HOURS_A_DAY: Final = 24
_OWNERS: Final = {source.name: source.owner for source in SOURCES}
_LIMITS: Final = {
    source.name: (source.warn_after_hours, source.fail_after_hours) for source in SOURCES
}


def content(view: View) -> Content:
    """Freshness by source, the ledger, quarantine, failing checks, the health of identity."""
    return {
        "sources": _sources(view),
        "ledger": _ledger(view),
        "quarantine": view.rows(
            f"""select * from {view.table("quarantine_summary")}
            order by record_count desc, entity, rule, column_name limit 100"""
        ),
        "checks": _checks(view),
        "identity": _identity(view),
    }


def _sources(view: View) -> list[dict[str, Any]]:
    """The newest landing day of each source, against the newest of all."""
    rows = view.rows(
        f"""select split_part(entity, '__', 1) as source,
            max(landed_on) filter (landed_count > 0) as last_landed_on,
            sum(landed_count) as records
        from {view.table("fct_ledger")} group by 1 order by 1"""
    )
    newest = max((r["last_landed_on"] for r in rows if r["last_landed_on"]), default=None)
    found = []
    for row in rows:
        last = row["last_landed_on"]
        hours = (newest - last).days * _HOURS_A_DAY if last and newest else None
        warn, fail = _LIMITS.get(row["source"], (None, None))
        verdict = "never landed" if hours is None else "fresh"
        if hours is not None and warn is not None and fail is not None and hours > warn:
            verdict = "late" if hours > fail else "a little late"
        found.append(
            {**row, "verdict": verdict, "owner": _OWNERS.get(row["source"], ""), "hours": hours}
        )
    return found


def _ledger(view: View) -> list[dict[str, Any]]:
    return view.rows(
        f"""select entity, sum(landed_count) as landed, sum(current_count) as current,
            sum(superseded_count) as superseded, sum(duplicate_count) as duplicate,
            sum(quarantined_count) as quarantined, sum(repaired_count) as repaired,
            sum(missing_count) as missing, sum(landed_amount) as landed_amount,
            sum(missing_amount) as missing_amount, count(*) filter (not is_closed) as open_days
        from {view.table("fct_ledger")} group by 1 order by 1"""
    )


def _checks(view: View) -> Content | None:
    """The checks that did not pass at the last run; None where no run has told."""
    if not view.has(CHECK_RESULTS):
        return None
    checks = view.reader.table(CHECK_RESULTS)
    (totals,) = view.rows(f"select count(*) as n, max(checked_at) as at from {checks}")
    failing = view.rows(
        f"select * from {checks} where not has_passed order by severity, asset, check_name"
    )
    return {**totals, "failing": failing}


def _identity(view: View) -> list[dict[str, Any]]:
    """Figures of the newest run beside those of the run before."""
    if not view.has(IDENTITY_HEALTH):
        return []
    return view.rows(
        f"""with runs as (
            select *, dense_rank() over (order by measured_at desc) as age
            from {view.reader.table(IDENTITY_HEALTH)}
        )
        select now.figure, now.part, now.value, before.value as before
        from (from runs where age = 1) now
        left join (from runs where age = 2) before
            on before.figure = now.figure and before.part = now.part
        order by now.figure, now.part"""
    )
