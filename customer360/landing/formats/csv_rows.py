"""CSV (RFC 4180, comma): each row becomes a JSON object by header name, all values strings.

Rows without quotes, backslashes and control characters are converted in Arrow, all at once; the
others go one by one through `csv_quotes`. Lines are found in `lines`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from customer360.landing.formats.csv_quotes import QuotedRow, parse_row, read_row
from customer360.landing.formats.decoded import (
    BAD_ENCODING,
    DECODED,
    LINE_TOO_LONG,
    MAX_BYTES,
    WRONG_FIELD_COUNT,
    Row,
    UnreadableFileError,
    as_batch,
    safe_text,
)
from customer360.landing.formats.lines import Indexes, Lines, find_lines, whole_lines

# Rows and cells converted at once: they bound the memory of a batch of many or of wide rows.
_MAX_ROWS: Final = 32_768
_MAX_CELLS: Final = 400_000
_COMMA: Final = ord(",")
# Characters that need more than cutting at commas: quotes, and what JSON text must escape. The line
# feed is none of them because it never is inside a line.
_ODD: Final = np.zeros(256, np.bool_)
_ODD[:32] = _ODD[ord('"')] = _ODD[ord("\\")] = True
_ODD[ord("\n")] = False
_to_json: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def decode_csv(chunks: Iterable[bytes]) -> Iterator[pa.RecordBatch]:
    """Records of a CSV file; its first line that is not empty is the header.

    Args:
        chunks: The file's bytes.

    Yields:
        Batches of `DECODED`, one row per CSV row; `line_number` is the physical line where the row
        begins. Empty lines are no rows. A row that cannot be used is its raw line, with the reason.

    Raises:
        UnreadableFileError: The header names a column twice, leaves one without a name or cannot
            be parsed.
    """
    reader = _Reader()
    for piece in whole_lines(chunks):
        if piece.fault:
            yield from reader.read(b"", is_last=True)
            yield reader.cut_line(piece.data, piece.fault)
        else:
            yield from reader.read(piece.data, is_last=False)
    yield from reader.read(b"", is_last=True)


class _Reader:
    """Where reading stands: the header, lines held back, and the number of the first of them."""

    def __init__(self) -> None:
        self._table: _Table | None = None
        self._held = b""
        self._number = 1

    def read(self, data: bytes, *, is_last: bool) -> Iterator[pa.RecordBatch]:
        """Batches of the lines held back and those of `data`; a row still open is held back."""
        lines = find_lines(self._held + data, self._number)
        done = 0
        if self._table is None:
            done = int(np.argmax(np.append(lines.ends > lines.starts, True)))
            if done < len(lines):
                self._table = _Table(_header(lines, done))
                done += 1
        while self._table and done < len(lines):
            batch, upto = self._table.decode(lines, done, is_last=is_last)
            if upto == done:
                break
            yield batch
            done = upto
        self._held = lines.rest(done)
        self._number += done

    def cut_line(self, data: bytes, fault: str) -> pa.RecordBatch:
        """The row of a line that is cut."""
        if self._table is None and fault == LINE_TOO_LONG:
            raise UnreadableFileError("the header is too long")
        self._number += 1
        return as_batch([Row(safe_text(data), self._number - 1, fault)])


def _header(lines: Lines, index: int) -> list[str]:
    header = parse_row(lines.text(index, index))
    if header.fault or lines.bad[index]:
        raise UnreadableFileError(f"the header cannot be parsed: {header.fault or BAD_ENCODING}")
    if "" in header.cells or len(set(header.cells)) != len(header.cells):
        raise UnreadableFileError(f"the header has empty or repeated names: {header.cells}")
    return header.cells


class _Table:
    """Converts rows under one header."""

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._width = len(names)
        keys = [f"{_to_json(name)}:" for name in names]
        before = [f'{{{keys[0]}"', *(f'",{key}"' for key in keys[1:])]
        self._before = pa.array(before, pa.string())
        self._after = pa.array([""] * (self._width - 1) + ['"}'], pa.string())
        self._tiled = (self._before, self._after)
        size = sum(len(key) for key in keys)
        self._at_once = max(1, min(_MAX_ROWS, _MAX_CELLS // self._width, MAX_BYTES // size))

    def decode(self, lines: Lines, first: int, *, is_last: bool) -> tuple[pa.RecordBatch, int]:
        """Convert rows from line `first` on, up to a bounded number.

        Returns:
            The rows, and the index of the first line that was not used: `first` itself if the row
            there needs lines that have not been read yet.
        """
        stop = min(len(lines), first + self._at_once)
        slow, used, upto = self._read_odd(lines, first, stop, is_last=is_last)
        plain = np.flatnonzero(~used & (lines.ends > lines.starts)[first:stop]) + first
        plain = plain[plain < upto]
        fits = _commas(lines, plain, first, stop) == self._width - 1
        good, wrong = plain[fits], plain[~fits]
        slow_records = pa.array([r[1] for r in slow], pa.string())
        records = [self._convert(lines.take(good)), lines.take(wrong), slow_records]
        errors = [None] * len(good) + [WRONG_FIELD_COUNT] * len(wrong) + [r[2] for r in slow]
        indexes = np.concatenate([good, wrong, np.array([r[0] for r in slow], np.int64)])
        return _ordered(lines, indexes, records, errors), upto

    def _read_odd(
        self, lines: Lines, first: int, stop: int, *, is_last: bool
    ) -> tuple[list[tuple[int, str, str | None]], npt.NDArray[np.bool_], int]:
        """Rows that go one by one, the lines they use, and where decoding must stop."""
        rows: list[tuple[int, str, str | None]] = []
        used, free = np.zeros(stop - first, np.bool_), first
        for index in _odd_lines(lines, first, stop):
            if index < free:
                continue
            row = read_row(lines, index, self._width, is_last=is_last)
            if row is None:
                return rows, used, index
            free = row.last + 1
            used[index - first : free - first] = True
            rows.append((index, *self._finished(lines, index, row)))
        return rows, used, max(stop, free)

    def _finished(self, lines: Lines, index: int, row: QuotedRow) -> tuple[str, str | None]:
        if lines.bad[index : row.last + 1].any():
            return lines.text(index, row.last), BAD_ENCODING
        if row.fault:
            return lines.text(index, row.last), row.fault
        return _to_json(dict(zip(self._names, row.cells, strict=True))), None

    def _convert(self, rows: Any) -> Any:
        """JSON texts of rows that have the right number of cells and nothing odd."""
        count, width = len(rows), self._width
        if not count:
            return rows
        _, offsets, data = rows.buffers()
        row_ends = np.frombuffer(offsets, np.int32, count, offset=4)
        text = np.frombuffer(data, np.uint8, row_ends[-1])
        is_comma = text == _COMMA
        ends = np.empty((count, width), np.int32)
        ends[:, :-1] = np.flatnonzero(is_comma).reshape(count, width - 1)
        ends[:, -1] = row_ends
        # Without the commas, each cell ends earlier by the number of commas before it.
        ends -= (np.arange(count) * (width - 1))[:, None] + np.arange(width)
        cell_offsets = np.concatenate([[0], ends.ravel()]).astype(np.int32)
        cells = _strings(cell_offsets, pa.py_buffer(text[~is_comma]))
        before, after = self._tiles(count)
        joined = pc.binary_join_element_wise(before, cells, after, "")
        # The cells of a row now lie side by side as its JSON text: only the offsets are thinned.
        _, offsets, data = joined.buffers()
        thinned = np.frombuffer(offsets, np.int32, count * width + 1)[::width]
        return _strings(thinned.copy(), data)

    def _tiles(self, count: int) -> tuple[Any, Any]:
        """What is written before and after each cell, for `count` rows."""
        if len(self._tiled[0]) < count * self._width:
            tile = pa.array(np.tile(np.arange(self._width), count))
            self._tiled = (self._before.take(tile), self._after.take(tile))
        return tuple(part.slice(0, count * self._width) for part in self._tiled)


def _strings(offsets: npt.NDArray[np.int32], data: Any) -> Any:
    return pa.Array.from_buffers(pa.string(), len(offsets) - 1, [None, pa.py_buffer(offsets), data])


def _odd_lines(lines: Lines, first: int, stop: int) -> list[int]:
    """Indexes of the lines with a character that needs the slow way."""
    begin = lines.starts[first]
    positions = np.flatnonzero(_ODD[lines.data[begin : lines.ends[stop - 1]]]) + begin
    indexes = np.searchsorted(lines.starts, positions, side="right") - 1
    # The carriage return of a line end is outside its line.
    return [int(index) for index in np.unique(indexes[positions < lines.ends[indexes]])]


def _commas(lines: Lines, indexes: Indexes, first: int, stop: int) -> Indexes:
    """Number of commas in each of the chosen lines."""
    begin = lines.starts[first]
    positions = np.flatnonzero(lines.data[begin : lines.ends[stop - 1]] == _COMMA) + begin
    after = np.searchsorted(positions, lines.ends[indexes])
    return after - np.searchsorted(positions, lines.starts[indexes])


def _ordered(
    lines: Lines, indexes: Indexes, records: list[Any], errors: list[str | None]
) -> pa.RecordBatch:
    columns = [
        pa.concat_arrays(records),
        pa.array(indexes + lines.first_number),
        pa.array(errors, pa.string()),
    ]
    batch = pa.record_batch(columns, schema=DECODED)
    is_sorted = bool(np.all(indexes[:-1] < indexes[1:]))
    return batch if is_sorted else batch.take(pa.array(np.argsort(indexes)))
