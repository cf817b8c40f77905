"""What is loaded: known by entity and day, and quick to read however many loads there were."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from customer360 import keys
from customer360.resources.lake import Lake
from customer360.resources.loads import (
    Load,
    as_of_date,
    forget_loads,
    read_loads,
    record_loads,
    record_refresh,
)

FIRST = date(2026, 1, 1)
AT = datetime(2026, 3, 1, tzinfo=UTC)


def _load(entity: str, day: date) -> Load:
    return Load(entity, day, f"{entity} of {day}", 1, 10, Decimal("12.34"))


def test_a_refresh_merges_the_files_that_loads_left_and_changes_no_row(lake: Lake) -> None:
    loads = {
        (entity, day): _load(entity, day)
        for number in range(30)
        for day in [FIRST + timedelta(days=number)]
        for entity in ("crm__contacts", "pos__receipts")
    }
    for (entity, _), load in loads.items():
        record_loads(lake, entity, [load], at=AT)
    files = len(lake.delta(keys.LOADS).file_uris())
    assert files == len(loads)
    assert record_refresh(lake, "a run") == max(day for _, day in loads)
    assert len(lake.delta(keys.LOADS).file_uris()) == 1
    assert read_loads(lake) == loads
    # Files that were merged are read and replaced as others are.
    forgotten = forget_loads(lake, "crm__contacts", [FIRST, FIRST + timedelta(days=99)])
    assert forgotten == {FIRST: loads["crm__contacts", FIRST]}
    again = _load("pos__receipts", FIRST + timedelta(days=30))
    record_loads(lake, "pos__receipts", [again], at=AT)
    del loads["crm__contacts", FIRST]
    loads["pos__receipts", again.landed_on] = again
    assert read_loads(lake) == loads
    assert as_of_date(lake) == again.landed_on
