"""A landing day of the future in the snapshots, on a lake of its own.

In a module of its own, too: dbt works on the first session that a process has open.
"""

from __future__ import annotations

from datetime import date

from customer360 import keys
from customer360.resources.versions import restore_version
from customer360_tests.dbt.gold import Gold, see

SNAPSHOT = keys.gold("customers_snapshot")
FIRST, SECOND = date(2026, 1, 20), date(2026, 1, 21)
A1_ENDED = ("C1", "a@x", FIRST, SECOND, False)
C1 = ("C1", "c@x", SECOND, None, True)


def test_snapshot_is_restored_after_a_landing_day_of_the_future(own: Gold) -> None:
    lake, future = own.engine.lake, date(2030, 1, 1)
    see(own, {"C1": "a@x"}, FIRST)
    seen = lake.delta(SNAPSHOT).version()
    assert see(own, {"C1": "f@x"}, future)[0] == ("C1", "a@x", FIRST, future, False)
    # The day is gone again: nothing is recorded until the snapshot is as it was before it.
    stuck = see(own, {"C1": "c@x"}, SECOND)
    assert stuck == [("C1", "a@x", FIRST, future, False), ("C1", "f@x", future, None, True)]
    restore_version(lake, SNAPSHOT, seen)
    assert see(own, {"C1": "c@x"}, SECOND) == [A1_ENDED, C1]
