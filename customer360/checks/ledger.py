"""The ledger: where every landed record and its money is, per entity, landing day and hop.

Everything is counted again from the tables as they are, never from what a step said of itself, so
that the ledger also notices what happened behind the pipeline's back. What came in is in
`ops/loads`, written when the day was loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from customer360 import keys
from customer360.assets.accounting import STATUSES, DayAccount, account
from customer360.assets.silver_load import tables_of
from customer360.resources.loads import Load, read_loads

if TYPE_CHECKING:
    from customer360.resources.session import Engine
    from customer360.sources.spec import EntitySpec, SourceSpec

LANDING_TO_BRONZE: Final = "landing_to_bronze"
BRONZE_TO_SILVER: Final = "bronze_to_silver"
_MONEY: Final = "decimal(18,2)"
COLUMNS: Final = [
    ("entity", "string"),
    ("landed_on", "date"),
    ("hop", "string"),
    ("records_in", "bigint"),
    ("records_out", "bigint"),
    ("records_missing", "bigint"),
    *((status, "bigint") for status in STATUSES),
    ("amount_in", _MONEY),
    ("amount_out", _MONEY),
    ("amount_missing", _MONEY),
]


@dataclass(frozen=True)
class Entry:
    """One hop of one landing day of one entity; the hop closes when nothing is missing.

    Attributes:
        entity: `<source>__<entity>`.
        landed_on: The landing day.
        hop: `landing_to_bronze` or `bronze_to_silver`.
        records_in: Records that went in: of the day's files, or of bronze.
        records_out: Records that came out: bronze rows, or records with a status.
        statuses: Of the records that came out, by status; empty for the first hop.
        amount_in: Readable money that landed; 0 for the first hop, which reads none.
        amount_out: Readable money of all records with a status; 0 for the first hop.
    """

    entity: str
    landed_on: date
    hop: str
    records_in: int
    records_out: int
    statuses: Mapping[str, int]
    amount_in: Decimal
    amount_out: Decimal

    @property
    def records_missing(self) -> int:
        """Records lost; negative when some appear twice or from nowhere."""
        return self.records_in - self.records_out

    @property
    def amount_missing(self) -> Decimal:
        """Money lost; negative when some appears twice or from nowhere."""
        return self.amount_in - self.amount_out

    @property
    def is_closed(self) -> bool:
        """Whether nothing is missing and nothing too much."""
        return not self.records_missing and not self.amount_missing

    def __str__(self) -> str:
        """By how much and where the hop does not close."""
        return (
            f"{self.entity}, landing day {self.landed_on}, {self.hop.replace('_', ' ')}: "
            f"{self.records_missing} records and {self.amount_missing} of money missing"
        )

    def row(self) -> dict[str, object]:
        """The entry as a row of `ops/ledger`."""
        counted = {status: self.statuses.get(status, 0) for status in STATUSES}
        return {
            "entity": self.entity,
            "landed_on": self.landed_on,
            "hop": self.hop,
            "records_in": self.records_in,
            "records_out": self.records_out,
            "records_missing": self.records_missing,
            **(counted if self.hop == BRONZE_TO_SILVER else dict.fromkeys(STATUSES)),
            "amount_in": self.amount_in,
            "amount_out": self.amount_out,
            "amount_missing": self.amount_missing,
        }


@dataclass(frozen=True)
class Unreadable:
    """A loaded landing day whose rows cannot be read any more."""

    load: Load
    why: str

    def __str__(self) -> str:
        """What is at stake, and why."""
        return (
            f"{self.load.entity}, landing day {self.load.landed_on}: {self.load.records} records "
            f"and {self.load.amount} of money cannot be read: {self.why}"
        )


@dataclass(frozen=True)
class Ledger:
    """All entries, and the days that could not be counted."""

    entries: Sequence[Entry]
    unreadable: Sequence[Unreadable]

    def problems(self) -> list[str]:
        """Everything that does not close, in words; empty when all is well."""
        unclosed = (entry for entry in self.entries if not entry.is_closed)
        return [str(problem) for problem in (*self.unreadable, *unclosed)]


def take_stock(engine: Engine, sources: Sequence[SourceSpec]) -> Ledger:
    """Count the records and money of all loaded days, from the tables as they are."""
    loads = read_loads(engine.lake)
    entries: list[Entry] = []
    unreadable: list[Unreadable] = []
    for source in sources:
        for entity in source.entities:
            name = source.table(entity.name)
            loaded = {day: load for (table, day), load in loads.items() if table == name}
            accounts, broken = _accounts(engine, source, entity, loaded)
            unreadable += broken
            for one in broken:
                del loaded[one.load.landed_on]
            entries += _entries(name, loaded, accounts)
    return Ledger(entries, unreadable)


def _accounts(
    engine: Engine, source: SourceSpec, entity: EntitySpec, loads: Mapping[date, Load]
) -> tuple[dict[date, DayAccount], list[Unreadable]]:
    """The accounts of all days; where that cannot be read, of each loaded day that can."""
    from pyspark.errors import PySparkException

    tables = tables_of(source, entity)
    try:
        return account(engine, tables, entity), []
    except PySparkException:
        accounts: dict[date, DayAccount] = {}
        broken = []
        for day, load in sorted(loads.items()):
            try:
                accounts |= account(engine, tables, entity, [day])
            except PySparkException as error:
                broken.append(Unreadable(load, str(error).splitlines()[0]))
        if not broken:
            raise
        return accounts, broken


def _entries(
    name: str, loads: Mapping[date, Load], accounts: Mapping[date, DayAccount]
) -> Iterator[Entry]:
    """Both hops of each day that is loaded, or that silver knows although it is not."""
    nothing = Decimal(0)
    known = {day for day, figures in accounts.items() if figures.statuses.total()}
    for day in sorted(known | set(loads)):
        load, figures = loads.get(day), accounts.get(day, DayAccount())
        landed = load.records if load else 0
        yield Entry(name, day, LANDING_TO_BRONZE, landed, figures.bronze, {}, nothing, nothing)
        yield Entry(
            name,
            day,
            BRONZE_TO_SILVER,
            figures.bronze,
            figures.statuses.total(),
            figures.statuses,
            load.amount if load else nothing,
            figures.amount,
        )


def write_ledger(engine: Engine, ledger: Ledger) -> None:
    """Replace `ops/ledger`."""
    names = [name for name, _ in COLUMNS]
    rows = [tuple(entry.row()[name] for name in names) for entry in ledger.entries]
    engine.keep_rows(keys.LEDGER, COLUMNS, rows)
