"""Whether what a copy said it wrote is what the landing zone and bronze hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from customer360 import keys
from customer360.landing.files import LandingFile, day_fingerprint, list_files
from customer360.resources.loads import read_loads

if TYPE_CHECKING:
    from customer360.resources.lake import Lake


# A run that replaced a file is reported within this time of doing so, if it was one.
_REPORTED_WITHIN: Final = timedelta(days=1)


@dataclass(frozen=True)
class ReportedCopy:
    """What was reported of the last copy of an entity and day.

    Attributes:
        day: The landing day.
        rows: Rows copied; None where files were copied as they are.
        bytes_copied: Bytes copied.
        published: The files, below the landing zone.
        ended_at: When its run had ended (UTC).
    """

    day: date
    rows: int | None
    bytes_copied: int
    published: tuple[str, ...]
    ended_at: datetime


@dataclass(frozen=True)
class Reconciled:
    """The result for one entity.

    Attributes:
        rows: Rows of bronze that come from copied files of loaded days.
        days: Days that were compared.
        waiting: Days that were copied and are not loaded yet, or were copied again just now and
            are not reported yet.
        problems: Where the two differ, in words.
    """

    rows: int
    days: int
    waiting: int
    problems: tuple[str, ...]


def reconcile_copies(
    lake: Lake, source: str, entity: str, copies: Sequence[ReportedCopy], *, now: datetime
) -> Reconciled:
    """Compare copies of one entity with what lies in the landing zone and in bronze.

    Args:
        lake: The lake.
        source: Source system.
        entity: Entity of the source.
        copies: One per day.
        now: The time (UTC).

    Returns:
        What differs. Rows are compared where the factory counted any, bytes everywhere.
    """
    table = f"{source}__{entity}"
    files = list_files(lake.landing, source, entity, {copy.day for copy in copies})
    loaded = _loaded_days(lake, table, files)
    sizes = {file.path: file.size for file in files}
    rows = _rows_by_file(lake, table, loaded)
    modified = {file.path: file.modified for file in files}
    lasting = [copy for copy in copies if not _is_replaced(copy, modified, now)]
    compared = [copy for copy in lasting if copy.day in loaded]
    problems: list[str] = []
    for copy in lasting:
        problems += _landing_problems(copy, sizes)
    for copy in compared:
        found = sum(rows[path] for path in copy.published)
        if copy.rows is not None and copy.rows != found:
            problems.append(f"{copy.day}: {copy.rows} rows copied, {found} in bronze")
    total = sum(rows[path] for copy in compared for path in copy.published)
    return Reconciled(total, len(compared), len(copies) - len(compared), tuple(problems))


def _is_replaced(copy: ReportedCopy, modified: Mapping[str, float], now: datetime) -> bool:
    """Whether a later run, of which the report is still to come, has replaced files of a copy.

    A file that nobody reports in time was changed by something else, and has to be compared.
    """
    since = max(copy.ended_at, now - _REPORTED_WITHIN).timestamp()
    return any(modified.get(path, 0) > since for path in copy.published)


def _landing_problems(copy: ReportedCopy, sizes: Mapping[str, int]) -> Iterator[str]:
    lost = [path for path in copy.published if path not in sizes]
    there = sum(sizes.get(path, 0) for path in copy.published)
    if lost:
        yield f"{copy.day}: {', '.join(lost)} copied and not in the landing zone"
    elif copy.published and there != copy.bytes_copied:
        yield f"{copy.day}: {copy.bytes_copied} bytes copied, {there} landed"


def _loaded_days(lake: Lake, table: str, files: Sequence[LandingFile]) -> set[date]:
    """Days that are loaded from exactly the files that lie there."""
    loads = read_loads(lake)
    by_day: dict[date, list[LandingFile]] = {}
    for file in files:
        by_day.setdefault(file.landed_on, []).append(file)
    return {
        day
        for day, of_day in by_day.items()
        if (load := loads.get((table, day))) and load.files_fingerprint == day_fingerprint(of_day)
    }


def _rows_by_file(lake: Lake, table: str, days: set[date]) -> Counter[str]:
    """Rows of bronze by the file that they come from."""
    import pyarrow.compute as pc

    key = keys.bronze(table)
    if not days or not lake.exists(key):
        return Counter()
    counts: Counter[str] = Counter()
    # A path for each row of many days does not fit into memory; a batch of them does.
    for batch in lake.dataset(key).to_batches(
        columns=["source_file"], filter=pc.field("landed_on").isin(sorted(days))
    ):
        for pair in pc.value_counts(batch.column("source_file")).to_pylist():
            counts[pair["values"]] += pair["counts"]
    return counts
