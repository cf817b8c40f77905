"""`customer360 status`: what the lake holds, how fresh it is, what waits, and what is wrong.

What is read is in `commands.lake_state` and `commands.check_results`; here it is laid out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING

from rich.table import Table

from customer360.assets.accounting import STATUSES
from customer360.commands.check_results import failing_checks
from customer360.commands.lake_state import (
    FAIL,
    NEVER,
    WARN,
    Count,
    LakeState,
    LedgerLine,
    read_state,
)
from customer360.resources.check_results import CheckResult
from customer360.resources.lake import Lake
from customer360.sources import SOURCES
from customer360.sources.contract_version import contract_version
from customer360.spelling import exact, shown, size_text

if TYPE_CHECKING:
    from rich.console import Console

    from customer360.settings import Settings

_TEXTS = ("of these", "reasons", "issues", "check", "found", "when")
_STYLES = {WARN: "yellow", FAIL: "red", NEVER: "dim"}


def show_status(settings: Settings, console: Console, *, now: datetime, as_json: bool) -> None:
    """Print the state of the lake.

    Args:
        settings: The settings.
        console: Where it goes.
        now: The clock, UTC.
        as_json: One JSON document instead of tables.
    """
    state = read_state(Lake(settings.lake), SOURCES, now)
    checks = failing_checks()
    if as_json:
        document = asdict(state) | {
            "failing_checks": [asdict(check) for check in checks],
            "contract_versions": {
                source.table(entity.name): contract_version(entity)
                for source in SOURCES
                for entity in source.entities
            },
        }
        console.out(json.dumps(exact(document), indent=2, ensure_ascii=False), highlight=False)
        return
    if not state.tables:
        console.print(_empty(state), soft_wrap=True)
    for part in _parts(state, checks):
        console.print(part)
    console.print(_work(state), soft_wrap=True)


def _empty(state: LakeState) -> str:
    if state.pending_days:
        return f"The lake {state.lake} has no tables yet. Files have landed: run `customer360 run`."
    return (
        f"The lake {state.lake} is empty. Land files under {state.lake}/landing/<source>/<entity>/"
        "dt=YYYY-MM-DD/ (docs/landing.md), or make some with `customer360 simulate`; then run "
        "`customer360 run`."
    )


def _parts(state: LakeState, checks: Sequence[CheckResult]) -> Iterator[Table | str]:
    if state.tables:
        yield _tables(state)
    if any(source.last_landed_on for source in state.sources):
        yield _freshness(state)
    if state.ledger:
        yield _ledger(state.ledger)
    if state.quarantine:
        yield _counts("Quarantine", "reasons", state.quarantine)
    if state.issues:
        yield _counts("Values that could not be read", "issues", state.issues)
    if checks:
        yield _checks(checks)
    elif state.tables:
        yield "Checks: none of the last runs' checks is failing."
    if state.strays:
        strays = "\n".join(f"  {stray}" for stray in state.strays)
        yield f"[yellow]In the landing zone, but read by no source:[/yellow]\n{strays}"


def _tables(state: LakeState) -> Table:
    table = _titled("Tables", "table", "rows", "files", "size", "last landing day")
    for row in state.tables:
        day = shown(row.last_landed_on) if row.last_landed_on else ""
        numbers = (f"{row.rows:,}", f"{row.files:,}", size_text(row.bytes))
        table.add_row(row.table, *numbers, day)
    return table


def _freshness(state: LakeState) -> Table:
    newest = max(s.last_landed_on for s in state.sources if s.last_landed_on)
    table = _titled(
        "Freshness by landing day",
        "source",
        "last landing day",
        f"hours behind the lake's newest ({newest})",
        "hours behind now",
        "warns, fails after hours",
    )
    for source in state.sources:
        behind = (
            (source.hours_behind_lake, source.state_in_lake),
            (source.hours_behind_now, source.state_now),
        )
        cells = (_judged(hours, judgement) for hours, judgement in behind)
        day = shown(source.last_landed_on)
        declared = f"{source.warn_after_hours}, {source.fail_after_hours}"
        table.add_row(source.source, day, *cells, declared)
    return table


def _ledger(lines: Sequence[LedgerLine]) -> Table:
    """Only statuses that occur, so that it fits a terminal; the JSON document has them apart."""
    table = _titled("Ledger", "entity", "landed", "of these", "money", "open")
    for line in lines:
        counts = ((status, getattr(line, status)) for status in STATUSES)
        of_these = ", ".join(f"{status} {count:,}" for status, count in counts if count)
        money = f"{line.amount_in:,}" if line.amount_in else ""
        if line.amount_in != line.amount_out:
            money += f" in, {line.amount_out:,} out"
        hops = f"[red]{line.open_hops}[/red]" if line.open_hops else "0"
        table.add_row(line.entity, f"{line.landed:,}", of_these, money, hops)
    return table


def _judged(hours: int | None, judgement: str) -> str:
    text = judgement if hours is None else f"{hours} {judgement}"
    style = _STYLES.get(judgement)
    return f"[{style}]{text}[/{style}]" if style else text


def _counts(title: str, what: str, counts: Sequence[Count]) -> Table:
    """One line per entity, its reasons in a cell; the JSON document has them apart."""
    table = _titled(title, "entity", "rows", what)
    for entity, group in groupby(counts, key=lambda count: count.entity):
        of_entity = list(group)
        reasons = (f"{c.rule}{f' {c.column}' if c.column else ''}: {c.rows:,}" for c in of_entity)
        table.add_row(entity, f"{sum(c.rows for c in of_entity):,}", ", ".join(reasons))
    return table


def _checks(checks: Sequence[CheckResult]) -> Table:
    table = _titled("Failing checks (latest result)", "severity", "check", "found", "when")
    for check in checks:
        style = "red" if check.severity == "ERROR" else "yellow"
        severity = f"[{style}]{check.severity.lower()}[/{style}]"
        name = f"{check.asset}\n{check.check}"
        table.add_row(severity, name, check.detail, shown(check.evaluated_at))
    return table


def _work(state: LakeState) -> str:
    """What a refresh would do, in a sentence."""
    days = state.pending_days
    if days:
        what = f"landing day {days[0]}"
        if len(days) > 1:
            what = f"{len(days)} landing days, {days[0]} to {days[-1]}"
        return f"Waiting to be loaded: {what}. Next: `customer360 run`."
    if state.is_gold_stale:
        return "Waiting: gold is older than what is loaded. Next: `customer360 run`."
    if not state.tables:
        return ""
    return f"Up to date: as of {state.as_of_date}, refreshed {shown(state.refreshed_at)} UTC."


def _titled(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="left" if name in _TEXTS else "right")
    return table
