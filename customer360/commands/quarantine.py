"""`customer360 quarantine list|show|drop`: what is in quarantine and why, and what stays there.

Values and records are shown here on purpose, to whoever asks; they are never logged. Export and
repair are in `commands.quarantine_export` and `commands.quarantine_repair`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from rich.table import Table

from customer360 import keys
from customer360.errors import QuarantineError
from customer360.resources.decisions import quarantined_sql, record_drop
from customer360.resources.lake import Lake
from customer360.resources.loads import as_of_date
from customer360.resources.lock import writing
from customer360.resources.reading import open_reader
from customer360.sources import SOURCES
from customer360.spelling import exact

if TYPE_CHECKING:
    from rich.console import Console

    from customer360.resources.reading import Reader
    from customer360.settings import Settings
    from customer360.sources.spec import EntitySpec, SourceSpec

_ORDER = "landed_on, source_file, record_line"


@dataclass(frozen=True)
class Chosen:
    """Which quarantined records are meant; what is None is not asked for.

    Attributes:
        rule: Only records with this rule.
        column: Only records with this column.
        day: Only records of this landing day.
        with_dropped: Also those that were dropped.
    """

    rule: str | None = None
    column: str | None = None
    day: date | None = None
    with_dropped: bool = False

    def sql(self, reader: Reader, entity: str) -> tuple[str, dict[str, object]]:
        """The records as a query, and its parameters."""
        wanted = {"rule": self.rule, "column_name": self.column, "landed_on": self.day}
        parameters: dict[str, object] = {n: v for n, v in wanted.items() if v is not None}
        conditions = [f"{name} = ${name}" for name in parameters]
        if not self.with_dropped:
            conditions.append("drop_reason is null")
        where = f"where {' and '.join(conditions)}" if conditions else ""
        return f"select * from ({quarantined_sql(reader, entity)}) {where}", parameters


@dataclass(frozen=True)
class Reason:
    """Quarantined records of one entity with one reason.

    Attributes:
        entity: `<source>__<entity>`.
        rule: Why they cannot be used.
        column: Which column; null where the record as a whole is meant.
        records: How many.
        dropped: Of these, those that were dropped; 0 unless they are asked for.
        oldest: First landing day.
        newest: Last landing day.
        age_days: Days from the first landing day to the as-of date.
        owner: Who answers for the source.
        sample: A value, the oldest that there is.
    """

    entity: str
    rule: str
    column: str | None
    records: int
    dropped: int
    oldest: date
    newest: date
    age_days: int
    owner: str
    sample: str | None


def known_entity(name: str) -> tuple[SourceSpec, EntitySpec]:
    """The declaration of an entity.

    Raises:
        QuarantineError: There is no such entity.
    """
    known = {s.table(e.name): (s, e) for s in SOURCES for e in s.entities}
    if name not in known:
        raise QuarantineError(
            f"No entity {name!r}. Entities are named <source>__<entity>: {', '.join(known)}."
        )
    return known[name]


def entities(lake: Lake, name: str | None) -> list[str]:
    """The entity asked for, or all that have a quarantine table.

    Raises:
        QuarantineError: There is no such entity, or the lake has no quarantine for it.
    """
    if name is None:
        tables = (s.table(e.name) for s in SOURCES for e in s.entities)
        return [table for table in tables if lake.exists(keys.quarantine(table))]
    known_entity(name)
    if not lake.exists(keys.quarantine(name)):
        raise QuarantineError(
            f"{keys.quarantine(name).sql} is not in the lake {lake.url}: nothing of {name} has "
            "been loaded. Load what has landed with `customer360 run`."
        )
    return [name]


def list_reasons(
    settings: Settings, console: Console, name: str | None, chosen: Chosen, *, as_json: bool
) -> None:
    """Print counts, age, owner and a sample per entity, rule and column.

    Args:
        settings: The settings.
        console: Where it goes.
        name: Only this entity.
        chosen: Only these records.
        as_json: One JSON document instead of a table.

    Raises:
        QuarantineError: No such entity.
    """
    lake = Lake(settings.lake)
    found = list(reasons(lake, name, chosen))
    if as_json:
        _print_json(console, [asdict(reason) for reason in found])
        return
    if not found:
        console.print("Nothing in quarantine." if chosen == Chosen() else "No such record.")
        return
    table = Table(title="Quarantine", title_justify="left")
    heads = "entity", "rule", "column", "records", "days old", "landed", "owner", "a value"
    for head in heads:
        table.add_column(head, justify="right" if head in ("records", "days old") else "left")
    for r in found:
        days = str(r.oldest) if r.oldest == r.newest else f"{r.oldest} to {r.newest}"
        count = f"{r.records:,}" + (f" ({r.dropped:,} dropped)" if r.dropped else "")
        cells = r.entity, r.rule, r.column or "", count, str(r.age_days), days, r.owner
        # Samples are foreign text: brackets in it are no markup.
        table.add_row(*cells, json.dumps(r.sample, ensure_ascii=False).replace("[", "\\["))
    console.print(table)


def reasons(lake: Lake, name: str | None, chosen: Chosen) -> Iterator[Reason]:
    """Reasons of one entity or of all, in the order of the sources, the most frequent first."""
    today = as_of_date(lake)
    with open_reader(lake) as reader:
        for entity in entities(lake, name):
            sql, parameters = chosen.sql(reader, entity)
            for row in reader.rows(
                'select rule, column_name as "column", count(*) as records, '
                "count(drop_reason) as dropped, min(landed_on) as oldest, max(landed_on) as "
                f"newest, first(value order by value is null, {_ORDER}) as sample from ({sql}) "
                'group by all order by records desc, rule, "column"',
                parameters,
            ):
                yield Reason(
                    entity=entity,
                    owner=known_entity(entity)[0].owner,
                    age_days=(today - row["oldest"]).days,
                    **row,
                )


def show_records(
    settings: Settings, console: Console, name: str, chosen: Chosen, *, limit: int, as_json: bool
) -> None:
    """Print quarantined records, the oldest first: reason, value, place and text.

    Raises:
        QuarantineError: No such entity.
    """
    lake = Lake(settings.lake)
    with open_reader(lake) as reader:
        for entity in entities(lake, name):
            sql, parameters = chosen.sql(reader, entity)
            rows = reader.rows(f"{sql} order by {_ORDER} limit {limit:d}", parameters)
    if as_json:
        _print_json(console, rows)
        return
    for row in rows:
        reason = " ".join(row[part] for part in ("rule", "column_name") if row[part])
        dropped = f" (dropped: {row['drop_reason']})" if row["drop_reason"] else ""
        value = "" if row["value"] is None else f": {json.dumps(row['value'], ensure_ascii=False)}"
        console.out(f"{row['source_file']}:{row['record_line']}  {reason}{value}{dropped}")
        console.out(f"    {row['record']}")
    if not rows:
        console.print("No such record.")


def drop_records(
    settings: Settings,
    console: Console,
    name: str,
    chosen: Chosen,
    *,
    reason: str,
    by: str,
    at: datetime,
    really: bool,
) -> None:
    """Decide that quarantined records will never be repaired, or say which these would be.

    Args:
        settings: The settings.
        console: Where it is said.
        name: The entity.
        chosen: Which of its records.
        reason: Why.
        by: Who decides.
        at: When, UTC.
        really: Write it down; only say it otherwise.

    Raises:
        QuarantineError: No such entity, or an empty reason.
    """
    if not reason.strip():
        raise QuarantineError("--reason is empty; say why these records will never be repaired.")
    lake = Lake(settings.lake)
    held = writing(lake, "customer360 quarantine drop", console.print) if really else nullcontext()
    with held:
        version = lake.version(keys.QUARANTINE_DECISIONS)
        found = list(reasons(lake, name, chosen))
        count = sum(r.records for r in found)
        if not count:
            console.print("No such record.")
            return
        if really:
            with open_reader(lake) as reader:
                sql, parameters = chosen.sql(reader, name)
                records = reader.batches(
                    f"select source_file, record_line, landed_on, rule from ({sql})", parameters
                ).read_all()
            record_drop(lake, name, records, version, reason=reason, by=by, at=at)
    for r in found:
        where = " ".join(part for part in (r.rule, r.column) if part)
        console.print(f"  {r.records:,} {where}, landed {r.oldest} to {r.newest}")
    if really:
        console.print(f"Dropped {count:,} records of {name}: {reason}", markup=False)
    else:
        console.print(
            f"Would drop these {count:,} records of {name}. They stay in quarantine and in the "
            "ledger; `list` hides them and no check counts them. Add --yes to do it."
        )


def _print_json(console: Console, rows: list[dict[str, Any]]) -> None:
    console.out(json.dumps([exact(row) for row in rows], indent=2, ensure_ascii=False))
