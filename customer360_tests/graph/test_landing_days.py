"""Landing days are the library's daily partitions, listed once."""

from datetime import UTC, datetime, timedelta, timezone

import dagster as dg
import pytest

from customer360.automation.partitions import landing_days
from customer360.settings import Settings

FIRST = Settings().first_day
NOON = datetime(FIRST.year, FIRST.month, FIRST.day, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "now",
    [
        NOON - timedelta(days=400),
        NOON,
        NOON + timedelta(days=59, hours=11, minutes=59),
        NOON + timedelta(days=59, hours=12),
        (NOON + timedelta(days=700)).astimezone(timezone(timedelta(hours=-9))),
    ],
)
def test_the_list_is_the_library_s_at_any_time(now: datetime) -> None:
    days = landing_days(Settings())
    plain = dg.DailyPartitionsDefinition(FIRST.isoformat(), timezone="UTC", end_offset=1)
    assert list(days.get_partition_keys(now)) == list(plain.get_partition_keys(now))
    with dg.partition_loading_context(now):
        assert list(days.get_partition_keys()) == list(plain.get_partition_keys())
        assert days.get_last_partition_key() == plain.get_last_partition_key()


def test_a_new_day_is_in_the_list_of_a_process_that_has_asked_before() -> None:
    days = landing_days(Settings())
    before = list(days.get_partition_keys(NOON))
    after = list(days.get_partition_keys(NOON + timedelta(days=1)))
    assert after == [*before, (FIRST + timedelta(days=1)).isoformat()]
