"""What can be said of a lake without an engine: tables, freshness, quarantine, issues.

Everything is read from Delta logs, the landing listing and a few columns. How it is shown is in
`commands.status`; what the runs said is in `commands.check_results`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from customer360 import keys
from customer360.assets.accounting import STATUSES
from customer360.checks.ledger import LANDING_TO_BRONZE
from customer360.errors import LandingError
from customer360.landing.files import stray_folders
from customer360.resources.lake import Lake
from customer360.resources.loads import landed_files, last_refresh, pending

if TYPE_CHECKING:
    from customer360.resources.reading import Reader
    from customer360.sources.spec import SourceSpec

FRESH, WARN, FAIL, NEVER = "fresh", "warn", "fail", "never landed"
_ISSUES: Final = "issues"


@dataclass(frozen=True)
class TableState:
    """One table, from its Delta log; `last_landed_on` is null where rows carry no day."""

    table: str
    rows: int
    delta_version: int
    bytes: int
    files: int
    last_landed_on: date | None


@dataclass(frozen=True)
class Freshness:
    """How old a source's newest landing day is, against its declaration, by two clocks.

    Attributes:
        source: The source.
        last_landed_on: Its newest landing day; null if it never landed anything.
        hours_behind_lake: Hours from that day to the newest landing day of any source.
        hours_behind_now: Hours from the end of that day (UTC) to now.
        warn_after_hours: Declared.
        fail_after_hours: Declared.
        state_in_lake: Judged by `hours_behind_lake`: whether the source lags behind the others.
        state_now: Judged by `hours_behind_now`: whether it is up to date.
    """

    source: str
    last_landed_on: date | None
    hours_behind_lake: int | None
    hours_behind_now: int | None
    warn_after_hours: int
    fail_after_hours: int
    state_in_lake: str
    state_now: str


@dataclass(frozen=True)
class Count:
    """Rows of a table that share a rule; `column` is null where the record as a whole is meant."""

    entity: str
    rule: str
    column: str | None
    rows: int


@dataclass(frozen=True)
class LedgerLine:
    """Where the records of an entity are, over all landing days, from `ops/ledger`.

    Attributes:
        entity: `<source>__<entity>`.
        landed: Records of all landed files.
        current: Of these, by status.
        superseded: As above.
        duplicate: As above.
        quarantined: As above.
        repaired: As above.
        amount_in: Readable money that landed.
        amount_out: Readable money of all records with a status.
        open_hops: Hops of landing days that do not close.
    """

    entity: str
    landed: int
    current: int
    superseded: int
    duplicate: int
    quarantined: int
    repaired: int
    amount_in: Decimal
    amount_out: Decimal
    open_hops: int


@dataclass(frozen=True)
class LakeState:
    """Everything `customer360 status` says of the lake itself."""

    lake: str
    as_of_date: date | None
    refreshed_at: datetime | None
    pending_days: tuple[date, ...]
    is_gold_stale: bool
    tables: tuple[TableState, ...]
    sources: tuple[Freshness, ...]
    strays: tuple[str, ...]
    quarantine: tuple[Count, ...]
    issues: tuple[Count, ...]
    ledger: tuple[LedgerLine, ...]


def read_state(lake: Lake, sources: Sequence[SourceSpec], now: datetime) -> LakeState:
    """Read the state of a lake; one without a landing zone or tables has an empty state.

    Args:
        lake: The lake.
        sources: The declared sources.
        now: The clock, UTC.
    """
    from customer360.resources.reading import open_reader

    refresh = last_refresh(lake)
    days, is_stale, newest, strays = _landing(lake, sources)
    with open_reader(lake) as reader:
        return LakeState(
            lake=lake.url,
            as_of_date=refresh["as_of_date"] if refresh else None,
            refreshed_at=refresh["refreshed_at"] if refresh else None,
            pending_days=days,
            is_gold_stale=is_stale,
            tables=tuple(_table(reader, key) for key in lake.tables()),
            sources=tuple(freshness(sources, newest, now)),
            strays=strays,
            quarantine=tuple(_quarantine(reader)),
            issues=tuple(_issues(reader)),
            ledger=tuple(_ledger(reader)),
        )


def _landing(
    lake: Lake, sources: Sequence[SourceSpec]
) -> tuple[tuple[date, ...], bool, dict[str, date], tuple[str, ...]]:
    """Pending days, whether gold is stale, the newest landing day by source, and strays."""
    try:
        todo, landed = pending(lake, sources), landed_files(lake, sources)
        strays = tuple(stray_folders(lake.landing))
    except LandingError:
        return (), False, {}, ()
    newest: dict[str, date] = {}
    for entity, day in landed:
        source = entity.partition("__")[0]
        newest[source] = max(day, newest.get(source, day))
    return todo.days, todo.is_stale, newest, strays


def freshness(
    sources: Sequence[SourceSpec], newest: dict[str, date], now: datetime
) -> list[Freshness]:
    """Judge each source's newest landing day by the lake's clock and by the wall's."""
    lake_day = max(newest.values(), default=None)
    found = []
    for source in sources:
        day = newest.get(source.name)
        behind_lake = behind_now = None
        if day and lake_day:
            behind_lake = (lake_day - day).days * 24
            ended = datetime.combine(day + timedelta(days=1), time(), UTC)
            behind_now = max(0, int((now - ended).total_seconds() // 3600))
        found.append(
            Freshness(
                source.name,
                day,
                behind_lake,
                behind_now,
                source.warn_after_hours,
                source.fail_after_hours,
                _judged(behind_lake, source),
                _judged(behind_now, source),
            )
        )
    return found


def _judged(hours: int | None, source: SourceSpec) -> str:
    if hours is None:
        return NEVER
    if hours > source.fail_after_hours:
        return FAIL
    return WARN if hours > source.warn_after_hours else FRESH


def _table(reader: Reader, key: keys.TableKey) -> TableState:
    import pyarrow as pa

    delta = reader.lake.delta(key)
    log = pa.table(delta.get_add_actions(flatten=True))
    counts = log.column("num_records").to_pylist()
    if None in counts:  # a writer that keeps no statistics
        rows = int(reader.rows(f"select count(*) as n from {reader.table(key)}")[0]["n"])
    else:
        rows = sum(counts)
    columns = [c for c in ("partition.landed_on", "max.landed_on") if c in log.column_names]
    days = [day for c in columns for day in log.column(c).to_pylist() if day is not None]
    size = sum(log.column("size_bytes").to_pylist())
    last = max(days, default=None)
    return TableState(key.sql, rows, delta.version(), size, log.num_rows, last)


def _quarantine(reader: Reader) -> list[Count]:
    found = []
    for key in (k for k in reader.lake.tables() if k.layer == keys.QUARANTINE):
        rows = reader.rows(
            f'select rule, column_name as "column", count(*) as "rows" from {reader.table(key)} '
            'group by all order by "rows" desc, rule, "column"'
        )
        found += [Count(entity=key.table, **row) for row in rows]
    return found


def _ledger(reader: Reader) -> list[LedgerLine]:
    if not reader.lake.exists(keys.LEDGER):
        return []
    statuses = ", ".join(f"coalesce(sum({s}), 0)::bigint as {s}" for s in STATUSES)
    rows = reader.rows(
        f"""select entity,
        sum(records_in) filter (hop = '{LANDING_TO_BRONZE}')::bigint as landed, {statuses},
        sum(amount_in) as amount_in, sum(amount_out) as amount_out,
        count(*) filter (records_missing <> 0 or amount_missing <> 0) as open_hops
        from {reader.table(keys.LEDGER)} group by entity order by entity"""
    )
    return [LedgerLine(**row) for row in rows]


def _issues(reader: Reader) -> list[Count]:
    """Rows per column whose value could not be read, from `column:rule` joined by `;`."""
    found = []
    for key in (k for k in reader.lake.tables() if k.layer == keys.SILVER):
        if _ISSUES in (f.name for f in reader.lake.delta(key).schema().fields):
            rows = reader.rows(
                f"""select split_part(issue, ':', 2) as rule, split_part(issue, ':', 1) as "column",
                count(*) as "rows" from
                (select unnest(string_split({_ISSUES}, ';')) as issue from {reader.table(key)}
                 where {_ISSUES} is not null) group by all order by "rows" desc, "column", rule"""
            )
            found += [Count(entity=key.table, **row) for row in rows]
    return found
