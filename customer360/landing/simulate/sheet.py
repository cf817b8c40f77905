"""A landed file in the making: its lines as bytes, and what is true about each of them.

Here: rendering records to lines, joining lines to a file, the truth rows of a file. Not here: what
goes wrong with lines and files (``fault_lines``, ``fault_files``), writing to disk
(``landing_folder``).
"""

import gzip
import io
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import numpy as np
import polars as pl

from customer360.landing.simulate.formats import EntityFormat, FileKind

MARKS = ("_key", "_person", "_version_ms")
MONEY_MARKS = {
    "pos/receipts": ("_business_day", "_amount"),
    "pos/receipt_lines": ("_business_day", "_amount"),
    "ecommerce/orders": ("_business_day", "_amount", "_lines_amount", "_cancelled"),
}
GZIP_LEVEL = 3
RECORD_SCHEMA = {
    "line_number": pl.Int64,
    "record_key": pl.String,
    "person": pl.Int64,
    "version_ms": pl.Int64,
    "content": pl.UInt64,
    "rule": pl.String,
    "issue_count": pl.Int64,
}


@dataclass(frozen=True)
class Verdict:
    """What becomes of a record that is not as it should be.

    ``rule`` is None for a record that stays usable; ``key`` replaces the record's key (None if it
    cannot be read) where ``has_key`` is set.
    """

    rule: str | None = None
    issues: int = 0
    has_key: bool = False
    key: str | None = None


@dataclass(frozen=True)
class Fault:
    """One injected fault; ``line`` is 0 for the whole file."""

    kind: str
    expected: str
    line: int = 0
    column: str | None = None
    value: str | None = None


@dataclass
class Sheet:
    """Lines of one file with one row of ``marks`` (and at most one verdict) per line.

    Rows count from 0; ``copies`` are the rows that repeat or contradict an earlier record and so
    never add to the money that is readable.
    """

    entity: EntityFormat
    lines: list[bytes]
    marks: pl.DataFrame
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    copies: set[int] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    extra_column: str | None = None
    has_mark: bool = False

    def line_number(self, row: int) -> int:
        """Return the physical line (or array element) of a row, counted from 1."""
        return row + (2 if self.entity.is_csv else 1)

    def append(
        self, lines: list[bytes], marks: list[dict[str, Any]], verdicts: list[Verdict | None]
    ) -> list[int]:
        """Add copied lines at the end and return their rows."""
        rows = list(range(len(self.lines), len(self.lines) + len(lines)))
        self.lines += lines
        self.marks = pl.concat([self.marks, pl.DataFrame(marks, schema=self.marks.schema)])
        self.copies.update(rows)
        self.verdicts |= {row: v for row, v in zip(rows, verdicts, strict=True) if v is not None}
        return rows


def render(entity: EntityFormat, frame: pl.DataFrame) -> Sheet:
    """Return the sheet of ``frame``: the entity's columns as lines, the marks beside them."""
    buffer = io.BytesIO()
    columns = frame.select(entity.columns)
    if entity.is_csv:
        columns.write_csv(buffer, include_header=False)
    else:
        columns.write_ndjson(buffer)
    lines = buffer.getvalue().split(b"\n")
    lines.pop()
    return Sheet(entity, lines, frame.select(mark_names(entity)))


def mark_names(entity: EntityFormat) -> tuple[str, ...]:
    """Return the names of the mark columns of an entity."""
    return MARKS + MONEY_MARKS.get(entity.folder, ())


def file_bytes(sheet: Sheet) -> bytes:
    """Return the sheet as the bytes of its file, compressed if the format is."""
    lines = sheet.lines
    if sheet.entity.kind is FileKind.JSON_ARRAY:
        return b"[\n" + b",\n".join(lines) + b"\n]\n"
    if sheet.entity.is_csv:
        lines = [csv_header(sheet.entity, sheet.extra_column), *lines]
    data = b"\n".join(lines) + b"\n"
    if sheet.has_mark:
        data = b"\xef\xbb\xbf" + data
    return zipped(data) if sheet.entity.kind is FileKind.JSON_LINES_GZIP else data


def csv_header(entity: EntityFormat, extra: str | None = None) -> bytes:
    """Return the header line of an entity's CSV files, without its line end."""
    return ",".join([*entity.columns, *([extra] if extra else [])]).encode()


def zipped(data: bytes) -> bytes:
    """Return gzip bytes that do not tell when they were made."""
    return gzip.compress(data, compresslevel=GZIP_LEVEL, mtime=0)


def sheet_records(sheet: Sheet) -> pl.DataFrame:
    """Return the truth of a sheet, one row per line, still without file and person.

    Columns: line_number, record_key, person (number in the block), version_ms, content (length and
    CRC-32 of the line: equal for identical records of a key), rule (null if usable), issue_count.
    """
    rows = list(sheet.verdicts)
    verdicts = list(sheet.verdicts.values())
    count = len(sheet.lines)
    length = np.fromiter(map(len, sheet.lines), np.uint64, count)
    content = (length << np.uint64(32)) + np.fromiter(map(crc32, sheet.lines), np.uint64, count)
    rule = pl.repeat(None, count, dtype=pl.String, eager=True)
    issues = pl.zeros(count, dtype=pl.Int64, eager=True)
    key = sheet.marks["_key"]
    if rows:
        rule = rule.scatter(rows, [verdict.rule for verdict in verdicts])
        issues = issues.scatter(rows, [verdict.issues for verdict in verdicts])
        lost = [(row, v.key) for row, v in sheet.verdicts.items() if v.has_key]
        if lost:
            key = key.clone().scatter([row for row, _ in lost], [text for _, text in lost])
    first = sheet.line_number(0)
    return pl.DataFrame(
        {
            "line_number": np.arange(first, first + count),
            "record_key": key,
            "person": sheet.marks["_person"],
            "version_ms": sheet.marks["_version_ms"],
            "content": content,
            "rule": rule,
            "issue_count": issues,
        },
        schema=RECORD_SCHEMA,
    )


def readable_money(sheet: Sheet) -> pl.DataFrame:
    """Return the marks of the lines whose amounts count: usable, and not a copy of another one."""
    silent = sheet.copies | {row for row, v in sheet.verdicts.items() if v.rule is not None}
    if not silent:
        return sheet.marks
    keep = pl.repeat(True, sheet.marks.height, dtype=pl.Boolean, eager=True)
    return sheet.marks.filter(keep.scatter(sorted(silent), False))
