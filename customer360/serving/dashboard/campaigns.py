"""Campaigns: what was sent, what came of it, and whether the people held out did as well."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from math import sqrt
from typing import Any, Final

from customer360.serving.dashboard.view import Content, View

TILES: Final = (
    "messages_sent",
    "open_rate",
    "click_rate",
    "treatments",
    "treatments_with_purchase",
)
_PARTS: Final = (
    "messages_sent", "messages_opened", "messages_clicked",
    "treatments", "treatments_with_purchase",
)  # fmt: skip
_TREATED, _HELD_OUT = "treatment", "control"
# Two-sided 95 %.
_DEVIATIONS: Final = 1.96


@dataclass(frozen=True)
class Effect:
    """How much more often treated people bought than those held out.

    Attributes:
        difference: Share of buyers treated less that held out.
        low: Lower end of the 95 % interval.
        high: Upper end of it.
        extra_revenue: Revenue beyond what treated people would have brought at the revenue per
            person of those held out.
    """

    difference: float
    low: float
    high: float
    extra_revenue: Decimal

    @property
    def is_beyond_chance(self) -> bool:
        """The interval leaves out no effect at all."""
        return self.low > 0 or self.high < 0


def content(view: View) -> Content:
    """All campaigns, the newest first."""
    performance = view.table("campaign_performance")
    totals = view.counted(_PARTS, "campaign_performance")
    rows = view.rows(
        f"""select * from {performance}
        order by started_on desc nulls last, campaign_id, assigned_group desc"""
    )
    campaigns = []
    for campaign_id, both in groupby(rows, lambda row: row["campaign_id"]):
        groups = {row["assigned_group"]: row for row in both}
        treated, held_out = groups.get(_TREATED), groups.get(_HELD_OUT)
        campaigns.append(
            {
                "campaign_id": campaign_id,
                "groups": list(groups.values()),
                "treated": treated,
                "held_out": held_out,
                "effect": effect(treated, held_out) if treated and held_out else None,
            }
        )
    return {"tiles": view.tiles(TILES, totals), "campaigns": campaigns}


def effect(treated: dict[str, Any], held_out: dict[str, Any]) -> Effect | None:
    """Compare two groups; None where one of them is empty.

    The interval is that of a difference of two shares, each with two successes and two failures
    added (Agresti and Caffo, 2000), which holds for small groups and for shares near 0 too.

    Args:
        treated: Row of `campaign_performance`.
        held_out: The same of the control group.
    """
    people, others = treated["people_count"], held_out["people_count"]
    if not people or not others:
        return None
    buyers, other_buyers = treated["buyer_count"], held_out["buyer_count"]
    p, q = (buyers + 1) / (people + 2), (other_buyers + 1) / (others + 2)
    error = sqrt(p * (1 - p) / (people + 2) + q * (1 - q) / (others + 2))
    expected = held_out["revenue_amount"] * people / others
    return Effect(
        buyers / people - other_buyers / others,
        p - q - _DEVIATIONS * error,
        p - q + _DEVIATIONS * error,
        treated["revenue_amount"] - expected,
    )
