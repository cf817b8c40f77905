"""JSON Lines: one record per line, byte for byte, not parsed; validity is for the engine to judge.

Arrays and single objects are in `json_document`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from customer360.landing.formats.decoded import (
    BAD_ENCODING,
    DECODED,
    MAX_ROWS,
    Row,
    as_batch,
    safe_text,
)
from customer360.landing.formats.lines import Indexes, Lines, find_lines, whole_lines


def decode_json_lines(chunks: Iterable[bytes]) -> Iterator[pa.RecordBatch]:
    """Records of a JSON Lines file.

    Args:
        chunks: The file's bytes.

    Yields:
        Batches of `DECODED`, one row per line that is not blank; line numbers are physical, from 1.
    """
    number = 1
    for piece in whole_lines(chunks):
        if piece.fault:
            if piece.is_record:
                yield as_batch([Row(safe_text(piece.data), number, piece.fault)])
            number += 1
            continue
        lines = find_lines(piece.data, number)
        number += len(lines)
        records = _not_blank(lines)
        for first in range(0, len(records), MAX_ROWS):
            yield _batch(lines, records[first : first + MAX_ROWS])


def _not_blank(lines: Lines) -> Indexes:
    """Indexes of the lines that hold more than white space."""
    indexes = np.flatnonzero(lines.ends > lines.starts)
    # Few lines begin with white space, so only those are looked at to their end.
    indented = indexes[lines.data[lines.starts[indexes]] <= ord(" ")]
    if not len(indented):
        return indexes
    blank = pc.ascii_is_space(lines.take(indented)).to_numpy(zero_copy_only=False)
    return np.setdiff1d(indexes, indented[blank])


def _batch(lines: Lines, indexes: Indexes) -> pa.RecordBatch:
    bad = lines.bad[indexes]
    errors = pa.nulls(len(indexes), pa.string())
    if bad.any():
        errors = pa.array([BAD_ENCODING if is_bad else None for is_bad in bad], pa.string())
    numbers = pa.array(indexes + lines.first_number)
    return pa.record_batch([lines.take(indexes), numbers, errors], schema=DECODED)
