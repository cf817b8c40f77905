"""Landing days as Dagster partitions, and which of them a step has to load."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import dagster as dg

from customer360.settings import Settings


def landing_days(settings: Settings) -> dg.DailyPartitionsDefinition:
    """One partition per landing day (UTC), today included: files of today land today."""
    return dg.DailyPartitionsDefinition(
        start_date=settings.first_day.isoformat(), timezone="UTC", end_offset=1
    )


def selected_days(context: dg.AssetExecutionContext, landed: Iterable[date]) -> list[date]:
    """Those of the landed days that the step's partition range covers, sorted."""
    chosen = context.partition_key_range
    first, last = date.fromisoformat(chosen.start), date.fromisoformat(chosen.end)
    return sorted(day for day in set(landed) if first <= day <= last)
