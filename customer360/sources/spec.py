"""What can be said about a source system: `SourceSpec`, `EntitySpec`, `ChildSpec`, `Field`.

Bronze, silver and quarantine tables, their checks, freshness, tags and documentation are made from
these declarations alone. A declaration holds no code that runs on data; typing and deduplication
are in `customer360.transforms`. No dagster here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from customer360.errors import SpecError
from customer360.sources.copies import DROPPED, Copy, copy_problems


class Kind(StrEnum):
    """Type of a silver column; the value is its SQL type on every engine."""

    STRING = "string"
    INTEGER = "bigint"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    MONEY = "decimal(18,2)"
    DECIMAL = "decimal(18,6)"


class Case(StrEnum):
    """How the letters of a text column are normalised, where case carries no meaning."""

    KEEP = "keep"
    LOWER = "lower"
    UPPER = "upper"


class OnDrift(StrEnum):
    """What a load does when an optional field vanishes, or its values change their type."""

    WARN = "warn"
    BLOCK = "block"


class Format(StrEnum):
    """Format in which a source usually lands; any accepted format is read, by the file's name."""

    CSV = "csv"
    JSONL = "jsonl"
    JSONL_GZ = "jsonl.gz"
    JSON_ARRAY = "json"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record and the silver column it becomes.

    Attributes:
        name: Silver column.
        description: What it means, with its unit where it has one.
        kind: Type of the column.
        path: Where the value is in the record, dots for nesting; the column's name when empty.
        required: A record whose value is absent or cannot be read is quarantined. Only for the key,
            the clock and money.
        pii: The column identifies or describes a person.
        values: The values allowed; another one is a counted issue, or quarantined if required.
        case: Letter case that silver stores.
        also: Other paths under which the source lands it, or has landed it: history keeps its
            old names. The first of `path` and these that is not blank counts.
    """

    name: str
    description: str
    kind: Kind = Kind.STRING
    path: str = ""
    required: bool = False
    pii: bool = False
    values: tuple[str, ...] = ()
    case: Case = Case.KEEP
    also: tuple[str, ...] = ()

    @property
    def source_path(self) -> tuple[str, ...]:
        """Steps to the value inside the record."""
        return tuple((self.path or self.name).split("."))

    @property
    def source_paths(self) -> tuple[tuple[str, ...], ...]:
        """Steps to every place where the value may be, the first one first."""
        return (self.source_path, *(tuple(path.split(".")) for path in self.also))


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """A list nested in a record that becomes a table of its own, one row per element.

    Attributes:
        name: Table is `<source>__<name>`.
        description: What a row is.
        path: Name of the list in the record.
        fields: Fields of one element.
        key: Field that is unique inside one record; empty when the position (from 1) is the key.
        position: Column that receives the position, when the position is the key.
        amount: Money column that accounting sums, if any.
    """

    name: str
    description: str
    path: str
    fields: tuple[Field, ...]
    key: str = ""
    position: str = ""
    amount: str = ""


@dataclass(frozen=True, slots=True)
class QuarantineLimit:
    """When a landing day has too many quarantined records.

    It has when their share is above `least_share`, and above `times_usual` times the usual share or
    nearer to 1 than to the usual share. Usual is the median of the landing days before it.

    Attributes:
        least_share: A share up to this, 0 to 1, is never too much.
        times_usual: How many times the usual share is still normal.
        history_days: Landing days, of those with records, that say what is usual.
        least_records: Fewer quarantined records than this are never too many.
        blocks: Too many stop everything downstream until somebody has repaired or dropped them;
            otherwise there is a warning.
    """

    least_share: float = 0.05
    times_usual: float = 3.0
    history_days: int = 28
    least_records: int = 5
    blocks: bool = False


@dataclass(frozen=True, slots=True)
class EntitySpec:
    """One kind of record that a source lands.

    Attributes:
        name: Folder below the source's landing folder.
        description: What a row of silver is: the grain.
        landing_format: Format in which it usually lands.
        fields: All fields; others stay in bronze, and `customer360 drift` lists them.
        key: Fields that together identify a thing.
        clock: Field that says when this version came to be (entities that change) or when it
            happened (those that never change); empty when only the landing day tells.
        immutable: Records never change: the first landed wins and a differing one is a conflict.
            Otherwise the newest version by the clock wins.
        deleted_by: (field, value): a record with this value is a deletion and becomes a tombstone.
        currency: Field that names the record's currency, if any.
        amount: Money column that accounting sums, if any.
        children: Nested lists that become tables.
        partitioned: Silver is partitioned by landing day: for facts that grow with time. Small
            tables are not, because a thousand tiny files cost more than they save.
        references: (field, entity, field): values that should exist elsewhere; warns, never blocks.
        ignored: Paths that the source lands and nobody wants in silver: no drift.
        on_drift: What a load does when an optional field vanishes or changes its type.
        quarantine_limit: When quarantined records are too many, and whether that blocks.
        copied_from: Where a factory copies it from; files somebody lands need no factory.
    """

    name: str
    description: str
    landing_format: Format
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    clock: str = ""
    immutable: bool = False
    deleted_by: tuple[str, str] | None = None
    currency: str = ""
    amount: str = ""
    children: tuple[ChildSpec, ...] = ()
    partitioned: bool = False
    references: tuple[tuple[str, str, str], ...] = ()
    ignored: tuple[str, ...] = ()
    on_drift: OnDrift = OnDrift.WARN
    quarantine_limit: QuarantineLimit = QuarantineLimit()
    copied_from: Copy = DROPPED

    def field(self, name: str) -> Field:
        """The field called `name`."""
        return next(f for f in self.fields if f.name == name)


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """One source system.

    Attributes:
        name: Folder below the landing zone and prefix of its tables.
        description: What the system is and who writes into it.
        owner: E-mail address of the team that answers for it.
        entities: What it lands.
        warn_after_hours: Freshness: hours without new data until a warning.
        fail_after_hours: Freshness: hours without new data until it counts as failed.
    """

    name: str
    description: str
    owner: str
    entities: tuple[EntitySpec, ...]
    warn_after_hours: int = 36
    fail_after_hours: int = 72

    def table(self, name: str) -> str:
        """Name of a table of this source, in every layer."""
        return f"{self.name}__{name}"

    def __post_init__(self) -> None:
        """Refuse a declaration that contradicts itself, naming every contradiction."""
        problems = [p for entity in self.entities for p in _problems(self.name, entity)]
        names = [n for e in self.entities for n in (e.name, *(c.name for c in e.children))]
        problems += [
            f"{self.name}: table {n} twice"
            for n in sorted({n for n in names if names.count(n) > 1})
        ]
        if problems:
            raise SpecError(
                "Source specification cannot be used:\n" + "\n".join(f"  - {p}" for p in problems)
            )


# Columns that the platform adds to every table.
RESERVED = frozenset({"issues", "source_file", "record_line", "landed_on"})


def _problems(source: str, entity: EntitySpec) -> Iterator[str]:
    """Every contradiction in one entity's declaration."""
    where = f"{source}.{entity.name}"
    if len({f.name for f in entity.fields}) != len(entity.fields):
        yield f"{where}: a field is declared twice"
    yield from _required_problems(where, entity)
    if not entity.key:
        yield f"{where}: no key"
    if not entity.immutable and not entity.clock:
        yield f"{where}: an entity that changes needs a clock"
    yield from _name_problems(where, entity)
    yield from _limit_problems(where, entity.quarantine_limit)
    yield from copy_problems(where, entity.copied_from)
    for child in entity.children:
        yield from _child_problems(where, entity, child)


def _limit_problems(where: str, limit: QuarantineLimit) -> Iterator[str]:
    """A limit that could never be exceeded, or always is."""
    if not 0 <= limit.least_share < 1:
        yield f"{where}: least_share {limit.least_share} is not between 0 and 1"
    if limit.times_usual < 1:
        yield f"{where}: times_usual {limit.times_usual} is below 1: the usual would be too much"
    for name, value in (("history_days", limit.history_days), ("records", limit.least_records)):
        if value < 1:
            yield f"{where}: {name} {value} of the quarantine limit is below 1"


def _child_problems(where: str, entity: EntitySpec, child: ChildSpec) -> Iterator[str]:
    """Every contradiction in one child list's declaration."""
    within = f"{where}.{child.path}"
    known = {f.name: f for f in child.fields}
    if bool(child.key) == bool(child.position):
        yield f"{within}: needs either a key or a position"
    for role, name in (("key", child.key), ("amount", child.amount)):
        if name and (name not in known or not known[name].required):
            yield f"{within}: {role} {name!r} is not a declared, required field"
    for name in sorted({*entity.key, child.position} & set(known)):
        yield f"{within}: {name!r} is a field and also a column of the table's key"
    yield from _repeated_paths(within, child.fields)
    for path in (p for field in child.fields for p in field.source_paths):
        if len(path) > 1:
            yield f"{within}: {'.'.join(path)!r} is nested; elements are flat"


def _required_problems(where: str, entity: EntitySpec) -> Iterator[str]:
    """Fields that the platform relies on and that are not declared, or not as required."""
    known = {f.name: f for f in entity.fields}
    roles = {
        "key": entity.key,
        "clock": (entity.clock,) if entity.clock else (),
        "amount": (entity.amount,) if entity.amount else (),
    }
    for role, names in roles.items():
        for name in names:
            if name not in known:
                yield f"{where}: {role} {name!r} is not a declared field"
            elif not known[name].required:
                yield f"{where}: {role} {name!r} must be required"


def _name_problems(where: str, entity: EntitySpec) -> Iterator[str]:
    """Names that nothing declares, or that no table could carry."""
    known = dict.fromkeys(f.name for f in entity.fields)
    for name in (entity.currency, entity.deleted_by[0] if entity.deleted_by else ""):
        if name and name not in known:
            yield f"{where}: {name!r} is not a declared field"
    for each in (entity.name, *known, *(f.name for c in entity.children for f in c.fields)):
        if not re.fullmatch(r"[a-z][a-z0-9_]*", each):
            yield f"{where}: {each!r} is not a lower-case name"
        if each in RESERVED:
            yield f"{where}: {each!r} is a column that the platform adds"
    yield from _repeated_paths(where, entity.fields)
    for path in (p for field in entity.fields for p in field.source_paths):
        if len(path) > 2:
            yield f"{where}: {'.'.join(path)!r} is nested more than once"
        if path[0] == "_repairs":
            yield f"{where}: {'.'.join(path)!r} is where a record names those that it repairs"


def _repeated_paths(where: str, fields: tuple[Field, ...]) -> Iterator[str]:
    """Paths that two fields read, or one field twice: which one is meant nobody could tell."""
    paths = [".".join(p) for field in fields for p in field.source_paths]
    for path in sorted({p for p in paths if paths.count(p) > 1}):
        yield f"{where}: {path!r} is read twice"
