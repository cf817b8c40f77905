"""Names inside the database, types of columns, and how a statement is written so that it repeats.

A serverless database holds no data: external tables over the files of gold, views over those.
"""

from __future__ import annotations

import re
from typing import Final

from customer360.serving.published import GoldColumn, PublishingError

DATABASE: Final = "customer360"
# Text of Delta tables is UTF-8; another collation mangles it, and breaks filters on files.
COLLATION: Final = "Latin1_General_100_BIN2_UTF8"
CREDENTIAL: Final = "lake_identity"
DATA_SOURCE: Final = "lake"
DELTA_FORMAT: Final = "delta"
CSV_FORMAT: Final = "csv_with_header"

# Schemas: files of gold as they are; who may see what; what readers query.
LAKE: Final = "lake"
SECURITY: Final = "security"
GOLD: Final = "gold"
METRICS: Final = "metrics"
SCHEMAS: Final = (LAKE, SECURITY, GOLD, METRICS)

READER: Final = "gold_reader"
PII_READER: Final = "gold_pii_reader"

_TYPES: Final = {
    "bigint": "bigint",
    "int": "int",
    "boolean": "bit",
    "date": "date",
    "timestamp": "datetime2(6)",
}
# Bytes of a text. Serverless plans its memory by the declared length and refuses a longer value.
_KEY_BYTES, _LISTED_BYTES, _TEXT_BYTES, _LONG_BYTES = 64, 64, 1000, 8000
_LONG: Final = re.compile(r"(_url|_text|subject|term|value)$")


def quoted(name: str) -> str:
    """A name in brackets."""
    return f"[{name}]"


def sql_type(column: GoldColumn) -> str:
    """The T-SQL type of a gold column, without collation.

    Raises:
        PublishingError: The contract's type has no counterpart here.
    """
    if column.data_type == "string":
        return f"varchar({text_bytes(column)})"
    if re.fullmatch(r"decimal\(\d+,\d+\)", column.data_type):
        return column.data_type
    found = _TYPES.get(column.data_type)
    if found is None:
        raise PublishingError(
            f"Column {column.name}: found the type {column.data_type!r}; expected string, "
            f"decimal(p,s) or one of {', '.join(_TYPES)}. Add its T-SQL type to "
            "customer360/serving/synapse/names.py."
        )
    return found


def text_bytes(column: GoldColumn) -> int:
    """How many bytes a text column may have, by what is known of its values and its name."""
    if column.values and max(len(value.encode()) for value in column.values) <= _LISTED_BYTES:
        return _LISTED_BYTES
    if column.name.endswith("_key"):
        return _KEY_BYTES
    return _LONG_BYTES if _LONG.search(column.name) else _TEXT_BYTES


def once(condition: str, statement: str) -> str:
    """A batch that executes a statement only where a condition holds.

    The statement is a text of its own: many statements may only stand alone in their batch.
    """
    escaped = statement.replace("'", "''")
    return f"IF {condition}\n    EXEC(N'{escaped}');"


def batches(*statements: str) -> str:
    """Statements as a script of batches."""
    return "".join(f"{statement}\nGO\n" for statement in statements)
