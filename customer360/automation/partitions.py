"""Landing days as Dagster partitions, and which of them a step has to load."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import dagster as dg

from customer360.settings import Settings

if TYPE_CHECKING:
    from dagster._core.instance import DynamicPartitionsStore


class LandingDays(dg.DailyPartitionsDefinition):
    """Daily partitions that are listed once a day and process, not once a question.

    Every step that reads a partitioned table asks for all of its keys, and the library goes through
    the days by their cron schedule each time: with a year of days a twentieth of a small
    refresh, with three years three times as much.
    """

    def get_partition_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> Sequence[str]:
        """Keys of all days until today, as the library's own."""
        with dg.partition_loading_context(current_time, dynamic_partitions_store) as context:
            return _listed(self, context.effective_dt.astimezone(UTC).date())


@lru_cache(maxsize=16)
def _listed(days: LandingDays, _today: date) -> Sequence[str]:
    # As of the time that the loading context says.
    return tuple(dg.DailyPartitionsDefinition.get_partition_keys(days))


def landing_days(settings: Settings) -> LandingDays:
    """One partition per landing day (UTC), today included: files of today land today."""
    return LandingDays(start_date=settings.first_day.isoformat(), timezone="UTC", end_offset=1)


def selected_days(context: dg.AssetExecutionContext, landed: Iterable[date]) -> list[date]:
    """Those of the landed days that the step's partition range covers, sorted."""
    chosen = context.partition_key_range
    first, last = date.fromisoformat(chosen.start), date.fromisoformat(chosen.end)
    return sorted(day for day in set(landed) if first <= day <= last)
