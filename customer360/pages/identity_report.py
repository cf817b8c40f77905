"""The state of identity measured, compared with the last run, and told on one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from customer360.checks.identity_drift import (
    ATTACHED_SHARE,
    CANDIDATES,
    MATCH_RATE,
    fallen,
    kept_figures,
    too_large,
)
from customer360.checks.identity_health import Health, measure
from customer360.pages.identity_page import page
from customer360.resources.identity_history import PastFigures, read_figures
from customer360.resources.reading import open_reader

if TYPE_CHECKING:
    from datetime import datetime

    from customer360.resources.lake import Lake
    from customer360.sources.spec import SourceSpec


@dataclass(frozen=True)
class Assessment:
    """The present state beside the earlier ones.

    Attributes:
        health: The figures.
        past: Those of earlier runs, the oldest first.
        lower_rates: Tables whose match rate fell too far since the last run, in words.
        detached: Tables of which too much belongs to nobody any more, in words.
        large: Customers with too many personal records, in words.
    """

    health: Health
    past: tuple[PastFigures, ...]
    lower_rates: tuple[str, ...]
    detached: tuple[str, ...]
    large: tuple[str, ...]

    def page(self, at: datetime) -> str:
        """The page about it, measured at a time (UTC)."""
        found = [f"The match rate fell: {each}" for each in self.lower_rates]
        found += [f"Less belongs to a customer: {each}" for each in self.detached]
        return page(self.health, self.past, [*found, *self.large], at=at)


def assess(
    lake: Lake, sources: Sequence[SourceSpec], limit: int, candidates: int | None = None
) -> Assessment:
    """Measure identity and compare it with the last run.

    Args:
        lake: The lake.
        sources: The declared sources.
        limit: Personal records that a customer may have.
        candidates: Pairs that matching has compared; when omitted, those that a run told of this
            state.

    Raises:
        MissingTableError: Identity has not been resolved yet.
    """
    with open_reader(lake) as reader:
        health = measure(reader, sources, candidates)
    known = read_figures(lake)
    past = tuple(run for run in known if run.links_version != health.links_version)
    if candidates is None:
        health = _with_candidates(health, known)
    now = kept_figures(health)
    before = past[-1].figures if past else {}
    return Assessment(
        health,
        past,
        lower_rates=tuple(fallen(now, before, MATCH_RATE)),
        detached=tuple(fallen(now, before, ATTACHED_SHARE)),
        large=tuple(too_large(health, limit)),
    )


def _with_candidates(health: Health, known: Sequence[PastFigures]) -> Health:
    told = [run.figures for run in known if run.links_version == health.links_version]
    if not told or (CANDIDATES, "") not in told[-1]:
        return health
    return replace(health, pairs=health.pairs._replace(candidates=int(told[-1][CANDIDATES, ""])))
