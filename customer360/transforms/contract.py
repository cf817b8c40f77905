"""The columns of every table that is made from a source's declaration, in order, with their types.

Tables are created from these lists and every transform ends in a select of them, so no type is ever
inferred. Gold's contract is in the dbt project.
"""

from __future__ import annotations

from typing import Final

from customer360.sources.spec import ChildSpec, EntitySpec, Kind

Columns = list[tuple[str, str]]

# Working columns between typing and writing. A field's name cannot begin with an underscore, so
# they never hide one.
FAILURE: Final = "_failure"
FAILED_VALUE: Final = "_failed_value"
AMOUNT: Final = "_amount"
KEY: Final = "_key"
CONTENT: Final = "_content"
RECORD: Final = "_record"
STATUS: Final = "_status"
# Also the field of a landed record that names the records it repairs (`transforms.repairs`).
REPAIRS: Final = "_repairs"

# A record's own line_number field (a receipt line has one) must not hide where the record came
# from.
RECORD_LINE: Final = "record_line"
DAY: Final = ("landed_on", "date")
ORIGIN: Final[Columns] = [("source_file", "string"), (RECORD_LINE, "bigint"), DAY]


def silver_columns(entity: EntitySpec) -> Columns:
    """Columns of a silver table.

    The declared fields, then `is_deleted` where the entity has deletions and no such field,
    `issues` (`column:rule` of every value that could not be read, `;` between), and where the
    record came from.
    """
    columns = [(f.name, f.kind.value) for f in entity.fields]
    if entity.deleted_by and "is_deleted" not in dict(columns):
        columns.append(("is_deleted", "boolean"))
    return [*columns, ("issues", "string"), *ORIGIN]


def child_columns(entity: EntitySpec, child: ChildSpec) -> Columns:
    """Columns of a child table: the parent's key, the element's fields, issues, the landing day."""
    keys = [(k, entity.field(k).kind.value) for k in entity.key]
    position = [(child.position, "bigint")] if child.position else []
    fields = [(f.name, f.kind.value) for f in child.fields]
    return [*keys, *position, *fields, ("issues", "string"), DAY]


def child_key(entity: EntitySpec, child: ChildSpec) -> tuple[str, ...]:
    """Primary key of a child table."""
    return (*entity.key, child.key or child.position)


QUARANTINE_COLUMNS: Final[Columns] = [
    ("record_key", "string"),
    ("rule", "string"),
    ("column_name", "string"),
    ("value", "string"),
    ("amount", Kind.MONEY.value),
    ("record", "string"),
    *ORIGIN,
]

OUTRANKED_COLUMNS: Final[Columns] = [
    ("record_key", "string"),
    ("status", "string"),
    ("amount", Kind.MONEY.value),
    *ORIGIN,
]

REPAIR_COLUMNS: Final[Columns] = [
    ("original_file", "string"),
    ("original_line", "bigint"),
    ("original_landed_on", "date"),
    ("is_usable", "boolean"),
    *ORIGIN,
]


def names(columns: Columns) -> list[str]:
    """Names of columns, in order."""
    return [name for name, _ in columns]
