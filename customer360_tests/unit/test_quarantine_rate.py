"""When a landing day has too many quarantined records: against a floor and against its own past."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from customer360.checks.quarantine_rate import DayShare, excesses
from customer360.sources.spec import QuarantineLimit

FIRST = date(2026, 1, 1)


def _shares(*quarantined: int, records: int = 100) -> dict[date, DayShare]:
    """Days from the first on, each with so many quarantined records."""
    return {FIRST + timedelta(days=n): DayShare(records, bad) for n, bad in enumerate(quarantined)}


def _found(shares: dict[date, DayShare], limit: QuarantineLimit | None = None) -> list[int]:
    """Which days, counted from 0, have too many."""
    judged = excesses(shares, list(shares), limit or QuarantineLimit())
    return [(excess.landed_on - FIRST).days for excess in judged]


@pytest.mark.parametrize(
    ("quarantined", "expected"),
    [
        ((5, 5, 5), []),
        ((6,), [0]),
        ((0, 0, 0, 6), [3]),
        ((4, 4, 4, 12), []),
        ((4, 4, 4, 13), [3]),
        # One bad day among good ones does not make the next one usual.
        ((1, 1, 50, 1, 6), [2, 4]),
        # A source that is always bad is judged by what it always is.
        ((20, 20, 20, 20), [0]),
        ((40, 40, 69, 71), [0, 3]),
    ],
)
def test_a_day_is_judged_by_the_floor_and_by_the_days_before(
    quarantined: tuple[int, ...], expected: list[int]
) -> None:
    assert _found(_shares(*quarantined)) == expected


def test_few_records_are_never_too_many() -> None:
    assert _found(_shares(4, records=4)) == []
    assert _found(_shares(5, records=5)) == [0]
    assert _found(_shares(4, records=4), QuarantineLimit(least_records=4)) == [0]


def test_only_the_last_days_with_records_are_the_past() -> None:
    shares = _shares(30, 30, 30, 1, 1, 0, 10)
    shares[FIRST + timedelta(days=5)] = DayShare(0, 0)
    day = FIRST + timedelta(days=6)
    (found,) = excesses(shares, [day], QuarantineLimit(history_days=2))
    assert str(found) == "2026-01-07: 10 of 100 records (10.0%), at most 5.0% are usual"
    assert excesses(shares, [day], QuarantineLimit(history_days=5)) == []


def test_the_other_days_asked_for_do_not_matter() -> None:
    shares = _shares(1, 9, 1, 9)
    one_by_one = [e for day in shares for e in excesses(shares, [day], QuarantineLimit())]
    assert one_by_one == excesses(shares, list(shares), QuarantineLimit())
