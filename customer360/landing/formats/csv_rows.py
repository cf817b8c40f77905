"""CSV (RFC 4180, comma): each row becomes a JSON object by header name, all values strings.

Here are the header and what is held back between chunks; rows are converted in `csv_table`, lines
are found in `lines`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from customer360.landing.formats.csv_quotes import parse_row
from customer360.landing.formats.csv_table import Table
from customer360.landing.formats.decoded import (
    BAD_ENCODING,
    LINE_TOO_LONG,
    Row,
    UnreadableFileError,
    as_batch,
    safe_text,
)
from customer360.landing.formats.lines import Lines, find_lines, whole_lines


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
            if piece.is_record:
                yield reader.cut_line(piece.data, piece.fault)
        else:
            yield from reader.read(piece.data, is_last=False)
    yield from reader.read(b"", is_last=True)


class _Reader:
    """Where reading stands: the header, lines held back, and the number of the first of them."""

    def __init__(self) -> None:
        self._table: Table | None = None
        self._held = b""
        self._number = 1

    def read(self, data: bytes, *, is_last: bool) -> Iterator[pa.RecordBatch]:
        """Batches of the lines held back and those of `data`; a row still open is held back."""
        lines = find_lines(self._held + data, self._number)
        done = 0
        if self._table is None:
            done = int(np.argmax(np.append(lines.ends > lines.starts, True)))
            if done < len(lines):
                self._table = Table(_header(lines, done))
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
