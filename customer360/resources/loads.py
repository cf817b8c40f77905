"""What has been loaded: the tables `ops/loads` and `ops/refreshes`.

`ops/loads` has a row per entity and landing day. The day counts as loaded when silver was written
from exactly the files that lie there now. The lake counts as refreshed when everything downstream
was built from exactly these loads. Both are derived from the lake alone, so it does not matter
which Dagster instance, if any, did the work.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from customer360 import keys
from customer360.landing.files import LandingFile, day_fingerprint, list_files

if TYPE_CHECKING:
    import pyarrow as pa

    from customer360.resources.lake import Lake
    from customer360.sources.spec import SourceSpec


@dataclass(frozen=True)
class Load:
    """The files of one landing day of one entity, as they were when silver was written.

    Attributes:
        entity: `<source>__<entity>`.
        landed_on: The landing day.
        files_fingerprint: Names, sizes and times of the day's files.
        files: How many.
        records: Records that they hold.
        amount: Readable money of these records, before any of them was judged; 0 without money.
    """

    entity: str
    landed_on: date
    files_fingerprint: str
    files: int
    records: int
    amount: Decimal


@dataclass(frozen=True)
class Pending:
    """What a refresh would do.

    Attributes:
        days: Landing days on which something landed that is not loaded, sorted.
        is_stale: Loaded data is newer than what was built from it.
    """

    days: tuple[date, ...]
    is_stale: bool


# Files of `ops/loads` that a refresh leaves as they are.
_MOST_LOADS_FILES: Final = 10


def _loads_schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema(
        [
            ("entity", pa.string()),
            ("landed_on", pa.date32()),
            ("files_fingerprint", pa.string()),
            ("files", pa.int64()),
            ("records", pa.int64()),
            ("amount", pa.decimal128(18, 2)),
            ("loaded_at", pa.timestamp("us", "UTC")),
        ]
    )


def _refreshes_schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema(
        [
            ("run_id", pa.string()),
            ("as_of_date", pa.date32()),
            ("loads_fingerprint", pa.string()),
            ("refreshed_at", pa.timestamp("us", "UTC")),
        ]
    )


def record_loads(lake: Lake, entity: str, loads: Sequence[Load], *, at: datetime) -> None:
    """Write down that landing days of an entity are loaded, replacing what was known of them."""
    import pyarrow as pa

    if not loads:
        return
    rows = [vars(load) | {"loaded_at": at} for load in loads]
    days = ", ".join(f"'{load.landed_on}'" for load in loads)
    lake.replace_where(
        keys.LOADS,
        pa.Table.from_pylist(rows, schema=_loads_schema()),
        f"entity = '{entity}' and landed_on in ({days})",
    )


def forget_loads(lake: Lake, entity: str, days: Sequence[date]) -> dict[date, Load]:
    """Let landing days of an entity count as not loaded, because their rows are about to change.

    A load that is cut off is then taken up by the next run, also when the days were loaded before.

    Returns:
        What was known of these days.
    """
    known = {day: load for (table, day), load in read_loads(lake).items() if table == entity}
    forgotten = {day: known[day] for day in days if day in known}
    if forgotten:
        listed = ", ".join(f"'{day}'" for day in forgotten)
        lake.delta(keys.LOADS).delete(f"entity = '{entity}' and landed_on in ({listed})")
    return forgotten


def record_refresh(lake: Lake, run_id: str) -> date:
    """Write down that all downstream was built from the present loads; returns the as-of date."""
    import pyarrow as pa

    as_of = as_of_date(lake)
    row = {
        "run_id": run_id,
        "as_of_date": as_of,
        "loads_fingerprint": _fingerprint(lake),
        "refreshed_at": datetime.now(UTC),
    }
    table = pa.Table.from_pylist([row], schema=_refreshes_schema())
    lake.replace_where(keys.REFRESHES, table, f"run_id = '{run_id}'")
    _merge_loads(lake)
    return as_of


def _merge_loads(lake: Lake) -> None:
    """Merge the files of `ops/loads`: every load leaves one, and every step of a run reads them."""
    table = lake.delta(keys.LOADS)
    if len(table.file_uris()) > _MOST_LOADS_FILES:
        table.optimize.compact()


def read_loads(lake: Lake) -> dict[tuple[str, date], Load]:
    """What is loaded, by entity and landing day."""
    if not lake.exists(keys.LOADS):
        return {}
    columns = [field.name for field in fields(Load)]
    rows = lake.arrow(keys.LOADS, columns).to_pylist()
    return {(row["entity"], row["landed_on"]): Load(**row) for row in rows}


def read_loads_at(lake: Lake) -> dict[tuple[str, date], datetime]:
    """When each entity's landing days were loaded last (UTC)."""
    if not lake.exists(keys.LOADS):
        return {}
    rows = lake.arrow(keys.LOADS, ["entity", "landed_on", "loaded_at"]).to_pylist()
    return {(row["entity"], row["landed_on"]): row["loaded_at"] for row in rows}


def last_refresh(lake: Lake) -> dict[str, Any] | None:
    """The newest row of `ops/refreshes`; None before the first refresh."""
    if not lake.exists(keys.REFRESHES):
        return None
    rows = lake.arrow(keys.REFRESHES).to_pylist()
    return max(rows, key=lambda r: r["refreshed_at"], default=None)


def as_of_date(lake: Lake) -> date:
    """The clock of the data: the last landing day loaded; 1970-01-01 before any.

    Nothing in the graph asks for today, so a run tomorrow over the same files gives the same
    tables.
    """
    if not lake.exists(keys.LOADS):
        return date(1970, 1, 1)
    rows = lake.arrow(keys.LOADS, ["landed_on", "records"]).to_pylist()
    return max((r["landed_on"] for r in rows if r["records"]), default=date(1970, 1, 1))


def landed_files(
    lake: Lake, sources: Sequence[SourceSpec], days: Sequence[date] | None = None
) -> dict[tuple[str, date], list[LandingFile]]:
    """The files in the landing zone by entity and landing day."""
    found: dict[tuple[str, date], list[LandingFile]] = {}
    for source in sources:
        for entity in source.entities:
            for file in list_files(lake.landing, source.name, entity.name, days):
                found.setdefault((file.entity, file.landed_on), []).append(file)
    return found


def pending(lake: Lake, sources: Sequence[SourceSpec]) -> Pending:
    """Compare the landing zone with what is loaded."""
    known = read_loads(lake)
    loaded = {key: load.files_fingerprint for key, load in known.items()}
    landed = landed_files(lake, sources)
    days = {key[1] for key, files in landed.items() if loaded.get(key) != day_fingerprint(files)}
    refresh = last_refresh(lake)
    is_stale = refresh["loads_fingerprint"] != _fingerprint(lake) if refresh else bool(known)
    return Pending(days=tuple(sorted(days)), is_stale=is_stale)


def _fingerprint(lake: Lake) -> str:
    """Changes with every load, also when a day is loaded again from the same files."""
    loaded_at = read_loads_at(lake)
    lines = sorted(
        f"{entity} {day} {load.files_fingerprint} {loaded_at[entity, day].isoformat()}"
        for (entity, day), load in read_loads(lake).items()
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
