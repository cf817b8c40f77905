"""Whether a landing day has more quarantined records than its source usually has.

Each day is judged by the days before it, by landing day and never by when they were loaded, so one
load of sixty days finds what sixty loads find. How much is too much is declared by the entity
(`sources.spec.QuarantineLimit`). Dropped records do not count: people have decided about them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import TYPE_CHECKING

from customer360 import keys
from customer360.resources.decisions import quarantined_sql
from customer360.resources.reading import open_reader

if TYPE_CHECKING:
    from customer360.resources.lake import Lake
    from customer360.sources.spec import QuarantineLimit


@dataclass(frozen=True)
class DayShare:
    """How many records of a landing day are quarantined.

    Attributes:
        records: Records that landed.
        quarantined: Of these, those in quarantine that were not dropped.
    """

    records: int
    quarantined: int

    @property
    def share(self) -> float:
        """Quarantined records by all, 0 to 1; 0 for a day without records."""
        return self.quarantined / self.records if self.records else 0.0


@dataclass(frozen=True)
class Excess:
    """A landing day with too many quarantined records.

    Attributes:
        landed_on: The day.
        found: Its records.
        most: The share that the days before it allow.
    """

    landed_on: date
    found: DayShare
    most: float

    def __str__(self) -> str:
        """By how much, in words."""
        return (
            f"{self.landed_on}: {self.found.quarantined:,} of {self.found.records:,} records "
            f"({self.found.share:.1%}), at most {self.most:.1%} are usual"
        )


def day_shares(lake: Lake, entity: str) -> dict[date, DayShare]:
    """Records and quarantined records of every landing day of an entity.

    Args:
        lake: The lake.
        entity: `<source>__<entity>`; bronze and quarantine exist.
    """
    with open_reader(lake) as reader:
        rows = reader.rows(
            "select landed_on, count(*) as quarantined from "
            f"({quarantined_sql(reader, entity)}) where drop_reason is null group by landed_on"
        )
    quarantined = {row["landed_on"]: row["quarantined"] for row in rows}
    landed = lake.rows_by_day(keys.bronze(entity))
    return {day: DayShare(count, quarantined.get(day, 0)) for day, count in landed.items()}


def excesses(
    shares: Mapping[date, DayShare], days: Sequence[date], limit: QuarantineLimit
) -> list[Excess]:
    """The days whose quarantined share is too high.

    Args:
        shares: Every landing day that is known.
        days: The days to judge.
        limit: What the entity declares.

    Returns:
        In the order of the days.
    """
    found = []
    known = sorted(day for day, share in shares.items() if share.records)
    for day in sorted(set(days) & set(known)):
        before = known[: known.index(day)][-limit.history_days :]
        usual = median(shares[d].share for d in before) if before else 0.0
        # Three times 40 % is more than all: a day nearer to all than to the usual is too much, too.
        most = max(limit.least_share, min(limit.times_usual * usual, (usual + 1) / 2))
        if shares[day].quarantined >= limit.least_records and shares[day].share > most:
            found.append(Excess(day, shares[day], most))
    return found
