"""JSON texts of CSV rows under one header, written in Arrow for many rows at once.

Which lines are rows is for `csv_table`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from customer360.landing.formats.lines import Bytes, Indexes

COMMA: Final = ord(",")
QUOTE: Final = ord('"')
_TO_ESCAPE: Final = re.compile(r'["\\\x00-\x1f]')
_to_json: Final = json.JSONEncoder(ensure_ascii=False).encode


class RowWriter:
    """Writes rows as JSON objects, all values strings, in the header's order without spaces."""

    def __init__(self, names: Sequence[str]) -> None:
        keys = [f"{_to_json(name)}:" for name in names]
        before = [f'{{{keys[0]}"', *(f'",{key}"' for key in keys[1:])]
        self._width = len(names)
        self._before = pa.array(before, pa.string())
        self._after = pa.array([""] * (self._width - 1) + ['"}'], pa.string())
        self._tiled = (self._before, self._after)
        self.key_bytes = sum(len(key.encode()) for key in keys)

    def from_plain(self, rows: Any) -> tuple[Any, npt.NDArray[np.bool_]]:
        """Write rows with nothing to escape, whose quotes only begin and end whole cells.

        Args:
            rows: Arrow string array, not a slice, of the rows without line ends.

        Returns:
            The texts of the rows with the right number of cells, and which rows those are.
        """
        count = len(rows)
        if not count:
            return rows, np.ones(0, np.bool_)
        _, offsets, data = rows.buffers()
        row_ends = np.frombuffer(offsets, np.int32, count, offset=4)
        text = np.frombuffer(data, np.uint8, row_ends[-1])
        commas, quotes = np.flatnonzero(text == COMMA), np.flatnonzero(text == QUOTE)
        # A comma is inside a quoted cell if the number of quotes before it is odd.
        commas = commas[np.searchsorted(quotes, commas) % 2 == 0] if len(quotes) else commas
        fits = np.diff(np.searchsorted(commas, row_ends), prepend=0) == self._width - 1
        if not fits.all():
            return self.from_plain(rows.filter(pa.array(fits)))[0], fits
        return self._write(self._cells(text, row_ends, commas, quotes)), fits

    def _cells(
        self, text: Bytes, row_ends: npt.NDArray[np.int32], commas: Indexes, quotes: Indexes
    ) -> Any:
        """All cells one after the other: the text without quotes and the commas between."""
        ends = np.empty((len(row_ends), self._width), np.int64)
        ends[:, :-1] = commas.reshape(len(row_ends), self._width - 1)
        ends[:, -1] = row_ends
        # Each cell ends earlier by the number of characters left out before it.
        left_out = np.sort(np.concatenate([commas, quotes])) if len(quotes) else commas
        cell_ends = ends.ravel() - np.searchsorted(left_out, ends.ravel())
        kept = np.ones(len(text), np.bool_)
        kept[left_out] = False
        offsets = np.concatenate([[0], cell_ends]).astype(np.int32)
        return _strings(offsets, pa.py_buffer(text[kept]))

    def from_cells(self, rows: Iterable[Sequence[str]]) -> Any:
        """Write rows whose cells have been told apart, each of the right number."""
        flat = [cell for row in rows for cell in row]
        if _TO_ESCAPE.search("".join(flat)):
            flat = [_to_json(c)[1:-1] if _TO_ESCAPE.search(c) else c for c in flat]
        return self._write(pa.array(flat, pa.string()))

    def _write(self, cells: Any) -> Any:
        """Rows of the cells of all rows, one after the other."""
        before, after = self._tiles(len(cells))
        joined = pc.binary_join_element_wise(before, cells, after, "")
        # The cells of a row now lie side by side as its JSON text: only the offsets are thinned.
        _, offsets, data = joined.buffers()
        thinned = np.frombuffer(offsets, np.int32, len(cells) + 1)[:: self._width]
        return _strings(thinned.copy(), data)

    def _tiles(self, count: int) -> tuple[Any, Any]:
        """What is written before and after each of `count` cells."""
        if len(self._tiled[0]) < count:
            tile = pa.array(np.tile(np.arange(self._width), count // self._width))
            self._tiled = (self._before.take(tile), self._after.take(tile))
        return self._tiled[0].slice(0, count), self._tiled[1].slice(0, count)


def _strings(offsets: npt.NDArray[np.int32], data: Any) -> Any:
    return pa.Array.from_buffers(pa.string(), len(offsets) - 1, [None, pa.py_buffer(offsets), data])
