"""CSV lines under one header: which are rows, in bulk where nothing is odd, else one by one.

The header and what is held back between chunks are in `csv_rows`, quotes in `csv_quotes`, the JSON
text in `csv_json`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa

from customer360.landing.formats.csv_json import COMMA, RowWriter
from customer360.landing.formats.csv_quotes import QuotedRow, read_row
from customer360.landing.formats.decoded import (
    BAD_ENCODING,
    DECODED,
    MAX_BYTES,
    WRONG_FIELD_COUNT,
)
from customer360.landing.formats.lines import Indexes, Lines

# Rows and cells converted at once: they bound the memory of a batch of many or of wide rows.
_MAX_ROWS: Final = 32_768
_MAX_CELLS: Final = 400_000
# Characters that need more than cutting at commas: quotes, and what JSON text must escape. The line
# feed is none of them because it never is inside a line.
_ODD: Final = np.zeros(256, np.bool_)
_ODD[:32] = _ODD[ord('"')] = _ODD[ord("\\")] = True
_ODD[ord("\n")] = False


@dataclass
class _Part:
    """Records of the same kind, by the index of their first line."""

    indexes: Indexes
    records: Any
    errors: list[str | None]


@dataclass
class _OddRows:
    """Rows that went one by one.

    Attributes:
        upto: Index of the first line behind them and behind the lines asked for; or of a row that
            needs lines that have not been read yet.
        good: Index of the first line and cells.
        faulty: Index of the first line, raw text, fault.
        taken: Indexes of all lines that they use.
    """

    upto: int
    good: list[tuple[int, list[str]]] = field(default_factory=list)
    faulty: list[tuple[int, str, str]] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)


class Table:
    """Converts lines under one header."""

    def __init__(self, names: Sequence[str]) -> None:
        self._width = len(names)
        self._writer = RowWriter(names)
        bounds = (_MAX_ROWS, _MAX_CELLS // self._width, MAX_BYTES // self._writer.key_bytes)
        self._at_once = max(1, min(bounds))

    def decode(self, lines: Lines, first: int, *, is_last: bool) -> tuple[pa.RecordBatch, int]:
        """Convert rows from line `first` on, up to a bounded number.

        Args:
            lines: Consecutive lines of the file.
            first: Index of the line to begin with.
            is_last: No lines follow after `lines`.

        Returns:
            The rows as `DECODED`, and the index of the first line that was not used: `first` itself
            if the row there needs lines that have not been read yet.
        """
        stop = min(len(lines), first + self._at_once)
        odd = self._read_odd(lines, first, stop, is_last=is_last)
        is_plain = (lines.ends > lines.starts)[first:stop]
        is_plain[[index - first for index in odd.taken if index < stop]] = False
        plain = np.flatnonzero(is_plain) + first
        plain = plain[plain < odd.upto]
        fits = _commas(lines, plain) == self._width - 1
        good, wrong = plain[fits], plain[~fits]
        parts = [
            _Part(good, self._writer.from_plain(lines.take(good)), [None] * len(good)),
            _Part(wrong, lines.take(wrong), [WRONG_FIELD_COUNT] * len(wrong)),
            *self._odd_parts(odd),
        ]
        return _in_order(lines, parts), odd.upto

    def _read_odd(self, lines: Lines, first: int, stop: int, *, is_last: bool) -> _OddRows:
        rows, free = _OddRows(stop), first
        indexes = _odd_lines(lines, first, stop)
        has_bad = bool(lines.bad.any())
        for index, text in zip(indexes.tolist(), lines.take(indexes).to_pylist(), strict=True):
            if index < free:
                continue
            row = read_row(lines, index, text, self._width, is_last=is_last)
            if row is None:
                rows.upto = index
                return rows
            free = row.last + 1
            rows.taken.extend(range(index, free))
            fault = _fault(lines, index, row) if has_bad else row.fault
            if fault:
                rows.faulty.append((index, lines.text(index, row.last), fault))
            else:
                rows.good.append((index, row.cells))
        rows.upto = max(stop, free)
        return rows

    def _odd_parts(self, odd: _OddRows) -> list[_Part]:
        parts = []
        if odd.good:
            indexes, cells = zip(*odd.good, strict=True)
            records = self._writer.from_cells(cells)
            parts.append(_Part(np.array(indexes), records, [None] * len(indexes)))
        if odd.faulty:
            indexes, texts, faults = zip(*odd.faulty, strict=True)
            parts.append(_Part(np.array(indexes), pa.array(texts, pa.string()), list(faults)))
        return parts


def _fault(lines: Lines, index: int, row: QuotedRow) -> str | None:
    return BAD_ENCODING if lines.bad[index : row.last + 1].any() else row.fault


def _odd_lines(lines: Lines, first: int, stop: int) -> Indexes:
    """Indexes of the lines with a character that needs the slow way."""
    begin = lines.starts[first]
    positions = np.flatnonzero(_ODD[lines.data[begin : lines.ends[stop - 1]]]) + begin
    indexes = np.searchsorted(lines.starts, positions, side="right") - 1
    # The carriage return of a line end is outside its line.
    return np.unique(indexes[positions < lines.ends[indexes]])


def _commas(lines: Lines, indexes: Indexes) -> Indexes:
    """Number of commas in each of the chosen lines, which are in order."""
    if not len(indexes):
        return indexes
    begin, end = lines.starts[indexes[0]], lines.ends[indexes[-1]]
    positions = np.flatnonzero(lines.data[begin:end] == COMMA) + begin
    after = np.searchsorted(positions, lines.ends[indexes])
    return after - np.searchsorted(positions, lines.starts[indexes])


def _in_order(lines: Lines, parts: list[_Part]) -> pa.RecordBatch:
    """The rows of all parts in the order of their lines."""
    parts = [part for part in parts if len(part.indexes)] or parts[:1]
    indexes = np.concatenate([part.indexes for part in parts])
    columns = [
        pa.concat_arrays([part.records for part in parts]),
        pa.array(indexes + lines.first_number),
        pa.array([error for part in parts for error in part.errors], pa.string()),
    ]
    batch = pa.record_batch(columns, schema=DECODED)
    return batch if len(parts) == 1 else batch.take(pa.array(np.argsort(indexes)))
