"""Whether identity is as it was at the last run, and whether a customer is too large to be one.

A source that suddenly writes its addresses otherwise, or a value that suddenly links everybody, is
seen here first. The figures are of `identity_health`; findings warn, as nothing is lost by them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from customer360.identity import rules

if TYPE_CHECKING:
    from customer360.checks.identity_health import Health

# Figures that are kept from run to run, by part; see `kept_figures`.
Figures = Mapping[tuple[str, str], float]

RECORDS: Final = "records"
MATCH_RATE: Final = "match_rate"
ATTACHED_SHARE: Final = "attached_share"
CANDIDATES: Final = "candidate_pairs"
# Percentage points that a share may fall from one run to the next. A source that loses the contact
# points of a twentieth of its records loses about as much.
MOST_POINTS_LOST: Final = 5
# Shares of fewer records jump by themselves.
LEAST_RECORDS: Final = 200
# Whom a campaign is sent to is chosen: one to strangers costs 7 points in a day.
_NOT_JUDGED: Final = (rules.DELIVERIES,)


def kept_figures(health: Health) -> dict[tuple[str, str], float]:
    """The figures that later runs are compared with, by figure and part."""
    kept: dict[tuple[str, str], float] = {
        ("customers", ""): health.customers,
        ("households", ""): health.households,
        ("links", ""): health.pairs.links,
        ("conflicts", ""): health.pairs.conflicts,
    }
    if health.pairs.candidates is not None:
        kept[CANDIDATES, ""] = health.pairs.candidates
    for table in (*health.tables, health.activity):
        kept[RECORDS, table.entity] = table.records
        kept[MATCH_RATE, table.entity] = table.match_rate
        kept[ATTACHED_SHARE, table.entity] = table.attached_share
    if health.people is not None:
        known = health.people.identified
        kept["pair_precision", "truth"] = known.pair_precision
        kept["pair_recall", "truth"] = known.pair_recall
        kept["b_cubed_f1", "truth"] = known.b_cubed_f1
    if health.homes is not None:
        kept["pair_f1", "homes"] = health.homes.pair_f1
    return kept


def fallen(now: Figures, before: Figures, figure: str) -> Iterator[str]:
    """Parts whose share fell by more than `MOST_POINTS_LOST` since the last run, in words.

    Args:
        now: `kept_figures` of this state.
        before: Those of the last run; empty for the first.
        figure: `MATCH_RATE` or `ATTACHED_SHARE`.
    """
    for (name, part), share in now.items():
        was = before.get((name, part))
        if name != figure or was is None or part in _NOT_JUDGED:
            continue
        records = min(now[RECORDS, part], before.get((RECORDS, part), 0))
        if records >= LEAST_RECORDS and round((was - share) * 100, 6) > MOST_POINTS_LOST:
            yield f"{part}: {share:.1%}, {was:.1%} at the last run"


def too_large(health: Health, limit: int) -> list[str]:
    """Customers with more personal records than a shared identifier may have, in words.

    Args:
        health: The figures.
        limit: Personal records; the largest few customers above it are named.
    """
    return [
        f"{customer} has {records} accounts, contacts and profiles"
        for customer, records in health.largest
        if records > limit
    ]
