"""What every reader hands over: records, line numbers and faults, as Arrow batches.

The origin columns that make them bronze rows are added by `customer360.landing.decode`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import pyarrow as pa

BAD_ENCODING: Final = "bad_encoding"
WRONG_FIELD_COUNT: Final = "wrong_field_count"
UNCLOSED_QUOTE: Final = "unclosed_quote"
STRAY_QUOTE: Final = "stray_quote"
MALFORMED_JSON: Final = "malformed_json"
LINE_TOO_LONG: Final = "line_too_long"
TRUNCATED_GZIP: Final = "truncated_gzip"
UNREADABLE_FILE: Final = "unreadable_file"
DECODE_ERRORS: Final = (
    BAD_ENCODING,
    WRONG_FIELD_COUNT,
    UNCLOSED_QUOTE,
    STRAY_QUOTE,
    MALFORMED_JSON,
    LINE_TOO_LONG,
    TRUNCATED_GZIP,
    UNREADABLE_FILE,
)

DECODED: Final = pa.schema(
    [("record", pa.string()), ("line_number", pa.int64()), ("decode_error", pa.string())]
)
# Bounds of one batch; the bytes are those of readers that go row by row.
MAX_ROWS: Final = 65_536
MAX_BYTES: Final = 8 << 20


class Row(NamedTuple):
    """One record of a reader that goes row by row."""

    record: str
    line_number: int
    decode_error: str | None = None


class UnreadableFileError(Exception):
    """The rest of a file cannot be read; what came before stays."""


def as_batch(rows: Sequence[Row]) -> pa.RecordBatch:
    """One batch of the given rows."""
    columns = list(zip(*rows, strict=True)) if rows else [(), (), ()]
    return pa.record_batch([list(column) for column in columns], schema=DECODED)


def in_batches(rows: Iterable[Row]) -> Iterator[pa.RecordBatch]:
    """Batches of bounded size of rows that come one by one."""
    held: list[Row] = []
    size = 0
    for row in rows:
        held.append(row)
        size += len(row.record)
        if len(held) >= MAX_ROWS or size >= MAX_BYTES:
            yield as_batch(held)
            held, size = [], 0
    if held:
        yield as_batch(held)


def safe_text(data: bytes) -> str:
    r"""Text of bytes that may not be UTF-8: a byte that is not appears as `\xNN`."""
    return data.decode("utf-8", "backslashreplace")
