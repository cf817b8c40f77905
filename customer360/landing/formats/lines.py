"""Physical lines of a text file: cut from chunks without a Python object for each line.

What a line means is for `jsonl` and `csv_rows`; decompression is in `chunks`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from customer360.landing.formats.chunks import TruncatedGzipError
from customer360.landing.formats.decoded import (
    LINE_TOO_LONG,
    TRUNCATED_GZIP,
    UNREADABLE_FILE,
    UnreadableFileError,
    safe_text,
)

# A line longer than this is no record but a file without line ends; it must not fill the memory.
LONGEST_LINE: Final = 32 << 20
_KEPT_OF_TOO_LONG: Final = 64 << 10
_BOM: Final = b"\xef\xbb\xbf"
_LF, _CR = 10, 13

Bytes = npt.NDArray[np.uint8]
Indexes = npt.NDArray[np.int64]


class Piece(NamedTuple):
    """Whole lines, or one line that is cut: then `fault` says how."""

    data: bytes
    fault: str | None = None

    @property
    def is_record(self) -> bool:
        """A cut line is a record, even if empty: nothing else would tell that the file is cut.

        Damage is told by a row for the whole file.
        """
        return bool(self.data) or self.fault != UNREADABLE_FILE


def is_too_long(size: int) -> bool:
    """Whether so many bytes are more than a record may have."""
    return size > LONGEST_LINE


def beginning(text: str) -> str:
    """What is kept of a record that is too long."""
    return text[:_KEPT_OF_TOO_LONG]


def whole_lines(chunks: Iterable[bytes]) -> Iterator[Piece]:
    """Cut chunks after line ends, so that no line is in two pieces; a leading BOM is removed.

    Args:
        chunks: The file's bytes, in any portions.

    Yields:
        Pieces whose data end with a line end, but for the last line of a file that lacks it. A line
        over `LONGEST_LINE` gives a piece of its first bytes with fault `line_too_long`; a gzip
        stream that ends early gives the cut remainder, even if empty, with `truncated_gzip`; a
        damaged one gives it with `unreadable_file`.

    Raises:
        UnreadableFileError: The file is damaged; what comes before was handed over.
    """
    first = True
    for piece in _assemble(chunks):
        yield Piece(piece.data.removeprefix(_BOM), piece.fault) if first else piece
        first = False


def _assemble(chunks: Iterable[bytes]) -> Iterator[Piece]:
    open_line = _OpenLine()
    try:
        for chunk in chunks:
            end = chunk.rfind(b"\n") + 1
            if end:
                yield from open_line.close(chunk[:end])
            open_line.add(chunk[end:])
    except TruncatedGzipError:
        yield open_line.cut(TRUNCATED_GZIP)
        return
    except UnreadableFileError:
        yield open_line.cut(UNREADABLE_FILE)
        raise
    if open_line.size:
        yield from open_line.close(b"")


class _OpenLine:
    """The beginning of a line whose end has not been read yet."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._held = 0
        self.size = 0

    def add(self, data: bytes) -> None:
        """More of the line; beyond the longest line only the count is kept."""
        self.size += len(data)
        if data and self._held <= LONGEST_LINE:
            self._parts.append(data)
            self._held += len(data)

    def taken(self) -> bytes:
        """What is held, leaving nothing."""
        data = b"".join(self._parts)
        self._parts, self._held, self.size = [], 0, 0
        return data

    def cut(self, fault: str) -> Piece:
        """The line as far as it came."""
        kept = _KEPT_OF_TOO_LONG if is_too_long(self.size) else self.size
        return Piece(self.taken()[:kept], fault)

    def close(self, data: bytes) -> Iterator[Piece]:
        """Pieces of the line with `data`, which holds its end and maybe more lines."""
        first_end = data.find(b"\n") + 1
        if is_too_long(self.size + first_end):
            yield Piece((self.taken() + data[:first_end])[:_KEPT_OF_TOO_LONG], LINE_TOO_LONG)
            data = data[first_end:]
        held = self.taken()
        if held or data:
            yield Piece(held + data)


@dataclass(frozen=True)
class Lines:
    r"""Consecutive physical lines of valid UTF-8.

    Attributes:
        data: The text with its line ends.
        starts: Where each line begins in `data`.
        ends: Where it ends, before its `\n` or `\r\n`, or a `\r` that ends the file.
        bad: Lines that were not UTF-8; their bytes that are not appear as `\xNN`.
        first_number: Number of the first line in its file, from 1.
        raw: The bytes as they were, of which `data` differs only in bad lines.
        raw_starts: Where each line begins in `raw`.
    """

    data: Bytes
    starts: Indexes
    ends: Indexes
    bad: npt.NDArray[np.bool_]
    first_number: int
    raw: bytes
    raw_starts: Indexes

    def __len__(self) -> int:
        """Number of lines."""
        return len(self.starts)

    def text(self, first: int, last: int) -> str:
        """Text from the beginning of line `first` to the end of line `last`, counted from 0."""
        return self.data[self.starts[first] : self.ends[last]].tobytes().decode()

    def rest(self, first: int) -> bytes:
        """Everything from the beginning of line `first`, as it was, with line ends."""
        return self.raw[self.raw_starts[first] :] if first < len(self) else b""

    def is_too_long(self, first: int, last: int) -> bool:
        """Whether lines `first` to `last` are together more than a record may have."""
        return is_too_long(int(self.ends[last] - self.starts[first]))

    def take(self, indexes: Indexes) -> Any:
        """Arrow string array of the chosen lines, without their ends."""
        # The buffer is read as line, line end, line, line end, ...: then one take copies the lines.
        offsets = np.empty(2 * len(self), np.int32)
        offsets[0::2] = self.starts
        offsets[1::2] = self.ends
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(self.data)]
        if not len(self):
            return pa.array([], pa.string())
        every = pa.Array.from_buffers(pa.string(), len(offsets) - 1, buffers)
        return every.take(pa.array(2 * indexes))


def find_lines(data: bytes, first_number: int) -> Lines:
    """Find the lines of one piece; lines that are not UTF-8 are repaired and marked."""
    raw, (raw_starts, raw_ends) = data, _bounds(data)
    starts, ends = raw_starts, raw_ends
    if not _is_utf8(data):
        data = safe_text(data).encode()
        starts, ends = _bounds(data)
    # A replaced byte becomes four and never a line end, so the lines that grew are the bad ones.
    bad = ends - starts != raw_ends - raw_starts
    array = np.frombuffer(data, np.uint8)
    return Lines(array, starts, ends, bad, first_number, raw, raw_starts)


def _bounds(data: bytes) -> tuple[Indexes, Indexes]:
    array = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(array == _LF)
    starts = np.concatenate([np.zeros(1, np.int64), ends + 1])
    if starts[-1] < len(data):
        ends = np.append(ends, len(data))
    starts = starts[: len(ends)]
    # A carriage return at the end of the file counts as a line end of which the second half is cut.
    return starts, ends - ((ends > starts) & (array[ends - 1] == _CR) if len(ends) else 0)


def _is_utf8(data: bytes) -> bool:
    """Arrow's validation: some fifty times as fast as decoding to a Python string."""
    offsets = np.array([0, len(data)], np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    try:
        pa.Array.from_buffers(pa.string(), 1, buffers).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
