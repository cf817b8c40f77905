"""Fingerprints of tables: whether two lakes hold the same rows, whoever wrote them and whenever.

One reader computes all of them (`resources.reading`), so no engine's own spelling of a value gets
in. Not part of a fingerprint: the order of rows, how they lie in files, the order of columns, when
they were loaded. How fingerprints are shown is in `commands.fingerprint`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from customer360 import keys
from customer360.identity.contract import (
    CUSTOMER_CROSSWALK,
    CUSTOMER_LINKS,
    CUSTOMER_MEMBERS,
    HOUSEHOLD_MEMBERS,
    HOUSEHOLDS,
    IDENTITY_CHANGES,
    IDENTITY_DECISIONS,
    MATCH_MODELS,
)
from customer360.resources.match_marks import MATCH_MARKS

if TYPE_CHECKING:
    from customer360.resources.lake import Lake
    from customer360.resources.reading import Reader

# Columns that tell when or by which run something was loaded, by table or layer. A fingerprint of
# files holds their modification times, which a copy of the landing zone does not keep.
LOAD_COLUMNS: Final[Mapping[str, frozenset[str]]] = {
    keys.BRONZE: frozenset({"batch_id", "ingested_at"}),
    keys.LOADS.sql: frozenset({"loaded_at", "files_fingerprint"}),
    MATCH_MODELS.sql: frozenset({"trained_at"}),
    IDENTITY_DECISIONS.sql: frozenset({"decided_at"}),
}
RUN_RECORD: Final = "records runs"
SEEN_AT_RUN: Final = "records what was seen at each run"
_RUN_RECORDS: Final = (
    keys.REFRESHES, keys.WATERMARKS, keys.REBUILDS, keys.IDENTITY_HEALTH, keys.CHECK_RESULTS,
    IDENTITY_CHANGES, MATCH_MARKS,
)  # fmt: skip
ID_HISTORY: Final = "remembers ids of earlier runs"
# Ids that runs in another order give to others: kept table of names that do not depend on it.
_CUSTOMER_ID: Final = "customer_id"
_HOUSEHOLD_ID: Final = "household_id"
_RENAMED: Final = {_CUSTOMER_ID: "customer_names", _HOUSEHOLD_ID: "household_names"}
_SNAPSHOT_COLUMN: Final = "dbt_valid_from"
_FLOATS: Final = ("FLOAT", "DOUBLE")
_MODULUS: Final = 2**64


@dataclass(frozen=True)
class TableFingerprint:
    """What a table holds, told by its content alone.

    Attributes:
        rows: Rows.
        content: 32 hexadecimal digits over all rows and compared columns; empty when left out.
        schema: (column, type), sorted by name.
        left_out: Why the table is not compared; empty if it is.
        columns_left_out: Columns that tell when the row was loaded.
        columns_numeric: Floating-point columns, left to a comparison with a tolerance.
    """

    rows: int
    content: str
    schema: tuple[tuple[str, str], ...]
    left_out: str = ""
    columns_left_out: tuple[str, ...] = ()
    columns_numeric: tuple[str, ...] = ()


def fingerprints(
    lake: Lake, layer: str | None = None, *, modulo_ids: bool = False
) -> dict[keys.TableKey, TableFingerprint]:
    """Fingerprint the tables of a lake.

    Args:
        lake: The lake.
        layer: Only this layer; all when omitted.
        modulo_ids: Take every customer id for the first of the customer's records, and a household
            id for the first of all its customers', so that lakes agree that hold the same customers
            under other ids. No two customers share a record, hence lakes that agree differ by a
            one-to-one renaming at most.

    Returns:
        A fingerprint per table, sorted by key. Memory does not grow with the tables.
    """
    from customer360.resources.reading import open_reader

    chosen = [key for key in lake.tables() if layer in (None, key.layer)]
    with open_reader(lake) as reader:
        names = _keep_names(reader) if modulo_ids else ()
        return {key: fingerprint(reader, key, renamed=names) for key in chosen}


def _keep_names(reader: Reader) -> tuple[str, ...]:
    """Keep what customers and households are called by their first records; returns the columns."""
    if not reader.lake.exists(CUSTOMER_LINKS):
        return ()
    reader.keep(
        _RENAMED[_CUSTOMER_ID],
        f"select {_CUSTOMER_ID}, min(entity || '|' || record_key) as name "
        f"from {reader.table(CUSTOMER_LINKS)} group by {_CUSTOMER_ID}",
    )
    if not reader.lake.exists(HOUSEHOLDS):
        return (_CUSTOMER_ID,)
    reader.keep(
        _RENAMED[_HOUSEHOLD_ID],
        f"select {_HOUSEHOLD_ID}, min(name) as name from {reader.table(HOUSEHOLDS)} "
        f"join {_RENAMED[_CUSTOMER_ID]} using ({_CUSTOMER_ID}) group by {_HOUSEHOLD_ID}",
    )
    return tuple(_RENAMED)


def fingerprint(
    reader: Reader, key: keys.TableKey, *, renamed: Collection[str] = ()
) -> TableFingerprint:
    """Fingerprint one table; ids of columns that are `renamed` are told by first records."""
    from customer360.resources.lake import column_types

    types = {name: kind for name, kind, _ in column_types(reader.lake.delta(key))}
    schema = tuple(sorted(types.items()))
    reason = _reason(key, types)
    if reason:
        return TableFingerprint(reader.lake.row_count(key), "", schema, left_out=reason)
    columns = reader.columns(key)
    late = LOAD_COLUMNS.get(key.layer, frozenset()) | LOAD_COLUMNS.get(key.sql, frozenset())
    numeric = sorted(n for n, kind in columns.items() if any(f in kind for f in _FLOATS))
    compared = sorted(set(columns) - late - set(numeric))
    source = reader.table(key)
    for name in renamed:
        if name in compared:
            source = (
                f"(select t.* replace (coalesce(n.name, t.{name}) as {name}) "
                f"from {source} as t left join {_RENAMED[name]} as n using ({name}))"
            )
    rows, content = _content(reader, source, {name: columns[name] for name in compared})
    return TableFingerprint(
        rows,
        content,
        schema,
        columns_left_out=tuple(sorted(late & set(columns))),
        columns_numeric=tuple(numeric),
    )


def _reason(key: keys.TableKey, columns: Mapping[str, str]) -> str:
    """Why a table is not compared; empty if it is."""
    if key in _RUN_RECORDS:
        return RUN_RECORD
    if key in (CUSTOMER_CROSSWALK, CUSTOMER_MEMBERS, HOUSEHOLD_MEMBERS, keys.CUSTOMER_SEARCH):
        return ID_HISTORY
    if is_snapshot(columns) or re.fullmatch(r"dim_.*_history", key.table):
        return SEEN_AT_RUN
    return ""


def is_snapshot(columns: Container[str]) -> bool:
    """Whether a table with these columns is a dbt snapshot, which landing cannot bring back."""
    return _SNAPSHOT_COLUMN in columns


def content(reader: Reader, key: keys.TableKey) -> tuple[int, str]:
    """Rows of a table, and 32 hexadecimal digits over all its rows and columns."""
    return _content(reader, reader.table(key), reader.columns(key))


def _content(reader: Reader, source: str, columns: Mapping[str, str]) -> tuple[int, str]:
    """Rows of a table or query, and the sums of two hashes of every row.

    Sums do not depend on the order and, unlike exclusive or, count rows that occur twice. The
    second hash takes the columns in reverse behind a salt, so that rows that happen to agree in one
    differ in the other.
    """
    texts = [canonical(f'"{name}"', kind) for name, kind in columns.items()] or ["''"]
    ((total, first, second),) = (
        row.values()
        for row in reader.rows(
            f"select count(*) as n, sum(hash({', '.join(texts)})) as a, "
            f"sum(hash('second', {', '.join(reversed(texts))})) as b from {source}"
        )
    )
    return total, f"{int(first or 0) % _MODULUS:016x}{int(second or 0) % _MODULUS:016x}"


def canonical(value: str, kind: str) -> str:
    """SQL for the one text of a value, null for null.

    Args:
        value: SQL expression.
        kind: Its DuckDB type; nested types are taken apart.

    Returns:
        An expression under which equal values, and only they, have equal texts: decimals without
        trailing zeros, timestamps in microseconds, elements of lists behind their lengths.
    """
    if kind == "VARCHAR":
        return value
    if kind.endswith("[]"):
        element = _prefixed(canonical("e", kind[:-2]))
        return f"'[' || array_to_string(list_transform({value}, lambda e: {element}), '') || ']'"
    if kind.startswith("MAP("):
        return canonical(f"list_sort(map_entries({value}))", _entries(kind))
    if kind.startswith("STRUCT("):
        parts = (_prefixed(canonical(f'({value})."{n}"', k)) for n, k in _fields(kind))
        return f"case when {value} is not null then '(' || {' || '.join(parts)} || ')' end"
    if kind.startswith("TIMESTAMP"):
        return f"epoch_us({value})::varchar"
    if kind.startswith("DECIMAL"):
        digits = f"({value})::varchar"
        return (
            f"case when {digits} like '%.%' then rtrim(rtrim({digits}, '0'), '.') else {digits} end"
        )
    return f"({value})::varchar"


def _prefixed(text: str) -> str:
    """A text behind its length, so that no two lists of texts join to the same; `-` for null."""
    return f"coalesce(length({text}) || ':' || {text}, '-')"


def _entries(kind: str) -> str:
    (_, key), (_, value) = _fields(kind)
    return f'STRUCT("key" {key}, "value" {value})[]'


def _fields(kind: str) -> list[tuple[str, str]]:
    """(name, type) inside a STRUCT(…) or MAP(…); a map's have no names."""
    parts, depth, start = [], 0, 0
    inner = kind[kind.index("(") + 1 : -1]
    for at, character in enumerate(inner + ","):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append(inner[start:at].strip())
            start = at + 1
    named = kind.startswith("STRUCT(")
    return [_named(part) if named else ("", part) for part in parts]


def _named(part: str) -> tuple[str, str]:
    found = re.match(r'"((?:[^"]|"")*)" (.*)|(\S+) (.*)', part)
    if found is None:  # pragma: no cover - DuckDB spells every field as name and type
        raise ValueError(f"struct field {part!r} is not a name and a type")
    return (found[1] or found[3], found[2] or found[4])


def differences(
    here: Mapping[keys.TableKey, TableFingerprint], there: Mapping[keys.TableKey, TableFingerprint]
) -> list[str]:
    """What differs between two lakes, one sentence each; empty when they hold the same.

    Tables that are left out are compared in nothing.
    """
    found = []
    for key in sorted({*here, *there}):
        found += [f"{key.sql}: {what}" for what in table_differences(here.get(key), there.get(key))]
    return found


def table_differences(here: TableFingerprint | None, there: TableFingerprint | None) -> list[str]:
    """What differs between two states of a table."""
    if here is None or there is None:
        known = here or there
        missing = "here" if here is None else "there"
        return [] if known is None or known.left_out else [f"missing {missing}"]
    if here.left_out or there.left_out:
        return []
    found = []
    if here.schema != there.schema:
        found.append(f"columns differ: {_schema_difference(here, there)}")
    if here.rows != there.rows:
        found.append(f"{here.rows} rows here, {there.rows} there")
    if here.content != there.content:
        found.append("content differs")
    return found


def _schema_difference(here: TableFingerprint, there: TableFingerprint) -> str:
    ours, theirs = dict(here.schema), dict(there.schema)
    names = sorted(n for n in {*ours, *theirs} if ours.get(n) != theirs.get(n))
    return ", ".join(
        f"{n} {ours.get(n, 'missing')} here, {theirs.get(n, 'missing')} there" for n in names
    )
