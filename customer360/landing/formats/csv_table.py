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

from customer360.landing.formats.csv_json import COMMA, QUOTE, RowWriter
from customer360.landing.formats.csv_quotes import QuotedRow, read_row
from customer360.landing.formats.decoded import (
    BAD_ENCODING,
    DECODED,
    MAX_BYTES,
    WRONG_FIELD_COUNT,
)
from customer360.landing.formats.lines import Bytes, Indexes, Lines

# Rows and cells converted at once: they bound the memory of a batch of many or of wide rows.
_MAX_ROWS: Final = 32_768
_MAX_CELLS: Final = 400_000
# What JSON text must escape, but for quotes, which have a way of their own, and for the line feed,
# which never is inside a line.
_TO_ESCAPE: Final = np.zeros(256, np.bool_)
_TO_ESCAPE[:32] = _TO_ESCAPE[ord("\\")] = True
_TO_ESCAPE[ord("\n")] = False


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
        records, fits = self._writer.from_plain(lines.take(plain))
        good, wrong = plain[fits], plain[~fits]
        parts = [
            _Part(good, records, [None] * len(good)),
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
    """Indexes of the lines that must go one by one."""
    text = lines.data[: lines.ends[stop - 1]]
    begin = lines.starts[first]
    positions = np.flatnonzero(_TO_ESCAPE[text[begin:]]) + begin
    owners = _owners(lines, positions)
    # The carriage return of a line end is outside its line.
    odd = owners[positions < lines.ends[owners]]
    quotes = np.flatnonzero(text[begin:] == QUOTE) + begin
    if len(quotes):
        odd = np.concatenate([odd, _oddly_quoted(lines, text, quotes)])
    return np.unique(odd)


def _oddly_quoted(lines: Lines, text: Bytes, quotes: Indexes) -> Indexes:
    """Lines in which a quote does more than begin or end a cell, or is not closed."""
    owners = _owners(lines, quotes)
    uneven = np.bincount(owners)[owners] % 2 == 1
    # In every other line, quotes are pairs.
    begin, end, owner = quotes[~uneven][::2], quotes[~uneven][1::2], owners[~uneven][::2]
    before = (begin == lines.starts[owner]) | (text[begin - 1] == COMMA)
    after = (end + 1 == lines.ends[owner]) | (text[np.minimum(end + 1, len(text) - 1)] == COMMA)
    return np.concatenate([owners[uneven], owner[~(before & after)]])


def _owners(lines: Lines, positions: Indexes) -> Indexes:
    """Index of the line around each position."""
    return np.searchsorted(lines.starts, positions, side="right") - 1


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
