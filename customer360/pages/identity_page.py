"""The health of identity as one HTML page: charts, tables, what to look at. No names, no addresses.

The page needs nothing but itself: it is mailed, archived and printed. Its figures are of
`identity_health`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Final

from customer360.checks.identity_drift import ATTACHED_SHARE, CANDIDATES, MATCH_RATE, kept_figures
from customer360.checks.identity_health import ACTIVITY, Health
from customer360.identity.comparisons import COMPARISONS, level_names
from customer360.identity.rules import CARRIERS
from customer360.pages import html
from customer360.pages.charts import (
    count_columns,
    share_bars,
    share_lines,
    stacked_columns,
    weight_bars,
)

if TYPE_CHECKING:
    from customer360.checks.identity_truth import Agreement
    from customer360.identity.match_model import MatchModel
    from customer360.resources.identity_history import PastFigures

_MOST_RUNS: Final = 30
_PERSONAL: Final = {carrier.entity for carrier in CARRIERS if carrier.is_personal}
# Customers with more personal records are counted together.
_LAST_SIZE: Final = 8


def page(
    health: Health, past: Sequence[PastFigures], findings: Sequence[str], *, at: datetime
) -> str:
    """The page.

    Args:
        health: The present figures.
        past: Those of earlier runs, the oldest first.
        findings: What a check would warn about, in words.
        at: When the figures were measured (UTC).
    """
    parts = [
        f'<p class="note">{at:%Y-%m-%d %H:%M} UTC. What the figures mean: docs/identity.md.</p>',
        _findings(findings, is_first=not past),
        *_sections(health, past, at),
    ]
    return html.document("Who is who: health", parts)


def _sections(health: Health, past: Sequence[PastFigures], at: datetime) -> Iterator[str]:
    yield html.section("At a glance", _glance(health, past[-1].figures if past else {}))
    if health.people is not None:
        yield html.section("Against the truth", _truth(health))
    yield html.section("Match rate by source", _rates(health, past[-1].figures if past else {}))
    yield html.section("Sizes of customers", _sizes(health))
    yield html.section("Pairs of records", _pairs(health))
    yield html.section("Model in use", _model(health.model))
    if past:
        yield html.section("Run by run", _trend(health, past, at))


def _findings(findings: Sequence[str], *, is_first: bool) -> str:
    if findings:
        items = "".join(f"<li>{escape(finding)}</li>" for finding in findings)
        return f'<ul class="warn">{items}</ul>'
    against = "There is no earlier run to compare with." if is_first else "As at the last run."
    return f"<p>Nothing to look at. {against}</p>"


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _change(now: float, before: Mapping[tuple[str, str], float], key: tuple[str, str]) -> str:
    """Percentage points since the last run."""
    return f"{(now - before[key]) * 100:+.1f}" if key in before else ""


def _glance(health: Health, before: Mapping[tuple[str, str], float]) -> str:
    rows: list[html.Cells] = []
    for (figure, part), value in kept_figures(health).items():
        if not part:
            was = before.get((figure, part))
            told = "" if was is None else f"{int(was):,}"
            rows.append((figure.replace("_", " "), int(value), told))
    activity = health.activity
    share = before.get((ATTACHED_SHARE, activity.entity))
    rows.append(
        (
            "activity that belongs to a customer",
            _percent(activity.attached_share),
            "" if share is None else _percent(share),
        )
    )
    return html.table(("", "now", "last run"), rows)


def _truth(health: Health) -> str:
    assert health.people is not None

    def row(what: str, found: Agreement) -> html.Cells:
        shares = (found.pair_precision, found.pair_recall, found.b_cubed_f1)
        return (what, found.records, *(f"{share:.4f}" for share in shares))

    rows = [
        row("records with a personal identifier", health.people.identified),
        row("all personal records", health.people.all_records),
    ]
    head = ("customers against persons", "records", "precision", "recall", "B-cubed F1")
    told = html.table(head, rows)
    if health.homes is not None:
        homes = health.homes
        shares = (homes.pair_precision, homes.pair_recall, homes.pair_f1)
        line: html.Cells = (
            "customers with a personal record",
            homes.customers,
            *(f"{s:.4f}" for s in shares),
        )
        told += html.table(
            ("households against homes", "customers", "precision", "recall", "pairs F1"), [line]
        )
    return told


def _rates(health: Health, before: Mapping[tuple[str, str], float]) -> str:
    tables = (*health.tables, health.activity)
    bars = [
        {"part": table.entity, "kind": kind, "share": round(share, 4)}
        for table in tables
        for kind, share in (
            ("belongs to a customer", table.attached_share),
            ("to one whom another source knows, too", table.match_rate),
        )
    ]
    rows = [
        (
            table.entity,
            table.records,
            _percent(table.attached_share),
            _change(table.attached_share, before, (ATTACHED_SHARE, table.entity)),
            _percent(table.match_rate),
            _change(table.match_rate, before, (MATCH_RATE, table.entity)),
        )
        for table in tables
    ]
    head = ("table", "records", "belong", "points", "match rate", "points")
    caption = (
        "Share of each table's records; activity is that of "
        f"{', '.join(ACTIVITY)}. Points: percentage points since the last run."
    )
    return html.figure(share_bars(bars), caption) + html.table(head, rows)


def _sizes(health: Health) -> str:
    columns: dict[str, int] = {}
    for records, customers in health.sizes:
        part = str(records) if records <= _LAST_SIZE else f"over {_LAST_SIZE}"
        columns[part] = columns.get(part, 0) + customers
    chart = count_columns(
        [{"part": part, "count": count} for part, count in columns.items()],
        "accounts, contacts and profiles of a customer",
    )
    caption = "Customers by how many personal records they have; 0: known by a card or an order."
    return html.figure(chart, caption) + html.table(
        ("largest customers", "records"), health.largest
    )


def _pairs(health: Health) -> str:
    pairs = health.pairs
    records = sum(table.records for table in health.tables if table.entity in _PERSONAL)
    counts = [("kept: say something", pairs.kept), ("links", pairs.links)]
    counts.append(("conflicts", pairs.conflicts))
    if pairs.candidates is not None:
        counts.insert(0, ("compared by the last matching", pairs.candidates))
    columns = [
        {"at": weight, "end": weight + 1, "kind": kind, "count": count}
        for kind, wanted in (("linked", True), ("not linked", False))
        for weight, is_link, count in pairs.weights
        if is_link == wanted
    ]
    caption = "Pairs by match weight, in powers of two of the odds that both are one person."
    rows = [(what, n, f"{n / records:.2f}" if records else "") for what, n in counts]
    return html.figure(stacked_columns(columns, "match weight"), caption) + html.table(
        ("pairs", "number", "per personal record"), rows
    )


def _model(model: MatchModel) -> str:
    bars = [
        {"part": f"{comparison}: {level}", "weight": round(model.weight(comparison, level), 2)}
        for comparison in COMPARISONS
        for level in level_names(comparison)
    ]
    caption = (
        "What each level of agreement is worth for or against one person, in powers of two of the "
        f"odds. {model.name}, trained on {model.trained_on}."
    )
    return html.figure(weight_bars(bars), caption)


def _trend(health: Health, past: Sequence[PastFigures], at: datetime) -> str:
    runs = [(run.measured_at, run.figures) for run in past] + [(at, kept_figures(health))]
    shown = runs[-_MOST_RUNS:]
    activity = health.activity.entity
    lines = [
        {"run": f"{when:%Y-%m-%d %H:%M}", "part": part, "share": round(value, 5)}
        for when, figures in shown
        for (figure, part), value in figures.items()
        if figure == (ATTACHED_SHARE if part == activity else MATCH_RATE)
    ]
    candidates = [
        (f"{when:%Y-%m-%d %H:%M}", int(figures["customers", ""]), _number(figures, CANDIDATES))
        for when, figures in shown
    ]
    table = html.table(("run", "customers", "candidate pairs"), candidates)
    return (
        html.figure(share_lines(lines), "Match rates, and activity that belongs to somebody.")
        + table
    )


def _number(figures: Mapping[tuple[str, str], float], figure: str) -> str:
    value = figures.get((figure, ""))
    return "" if value is None else f"{int(value):,}"
