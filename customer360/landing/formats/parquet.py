"""Parquet: each row becomes a JSON object by column name, vectorised.

What JSON has no type for becomes text first: times, decimals, bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as pt

from customer360.landing.formats.decoded import (
    DECODED,
    MAX_BYTES,
    UnreadableFileError,
    safe_text,
)

_MAX_ROWS: Final = 16_384
# "2024-01-02 03:04:05.600000" -> "2024-01-02T03:04:05.6Z"; no fraction if it is zero, so that the
# text of a moment does not depend on the unit that the writer chose.
_TIMESTAMP: Final = r"^(\S+) (\S+?)(?:\.0+|(\.\d*?[1-9])0*)?$"


def decode_parquet(stream: BinaryIO) -> Iterator[pa.RecordBatch]:
    """Records of a Parquet file.

    Args:
        stream: The file, open and seekable.

    Yields:
        Batches of `DECODED`, one row per row; `line_number` is its position from 1. Timestamps are
        ISO 8601 in UTC with `Z` (those without a zone are taken for UTC), decimals are strings of
        plain digits, bytes are text, a map is a list of keys and values; other nested values stay
        as they are. Null stays null, and NaN, which JSON cannot say, becomes null.

    Raises:
        UnreadableFileError: It is no Parquet file, is damaged, or has two columns of one name.
    """
    number = 1
    try:
        file = pq.ParquetFile(stream, pre_buffer=False)
        names = file.schema_arrow.names
        if len(set(names)) != len(names):
            raise UnreadableFileError(f"columns have repeated names: {names}")
        for batch in file.iter_batches(batch_size=_rows_at_once(file.metadata)):
            yield _decoded(batch, number)
            number += batch.num_rows
    except pa.ArrowException as error:
        raise UnreadableFileError(str(error)) from error


def _rows_at_once(metadata: Any) -> int:
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    size = sum(int(group.total_byte_size) for group in groups)
    return max(1, min(_MAX_ROWS, MAX_BYTES * int(metadata.num_rows) // max(1, size)))


def _decoded(batch: pa.RecordBatch, first_number: int) -> pa.RecordBatch:
    count = batch.num_rows
    records = pa.array(["{}"] * count, pa.string())
    if batch.num_columns:
        # Here, as few refreshes read Parquet.
        import polars as pl

        columns = [_json_ready(column) for column in batch.columns]
        frame = pl.DataFrame(pa.record_batch(columns, names=batch.schema.names))
        texts = frame.select(pl.struct(pl.all()).struct.json_encode()).to_series()
        records = texts.to_arrow().cast(pa.string())
    numbers = pa.array(np.arange(first_number, first_number + count))
    return pa.record_batch([records, numbers, pa.nulls(count, pa.string())], schema=DECODED)


def _json_ready(array: Any) -> Any:
    """The array with every type that JSON lacks replaced by text, at any depth."""
    kind = array.type
    if pt.is_dictionary(kind):
        return _json_ready(array.dictionary_decode())
    if pt.is_struct(kind):
        fields = [_json_ready(field) for field in array.flatten()]
        return pa.StructArray.from_arrays(fields, [f.name for f in kind], mask=array.is_null())
    if pt.is_list(kind) or pt.is_large_list(kind) or pt.is_fixed_size_list(kind) or pt.is_map(kind):
        return _list(array)
    for is_kind, convert in _TEXTS:
        if is_kind(kind):
            return convert(array)
    return array


def _list(array: Any) -> Any:
    if pt.is_map(array.type):
        entry = pa.struct([("key", array.type.key_type), ("value", array.type.item_type)])
        array = array.cast(pa.list_(entry))
    lengths = pc.list_value_length(array).fill_null(0).to_numpy(zero_copy_only=False)
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
    return pa.ListArray.from_arrays(offsets, _json_ready(array.flatten()), mask=array.is_null())


def _timestamp_text(array: Any) -> Any:
    # The stored number is UTC already; going through it needs no time zone database.
    plain = array.view(pa.int64()).view(pa.timestamp(array.type.unit)).cast(pa.string())
    return pc.replace_substring_regex(plain, pattern=_TIMESTAMP, replacement=r"\1T\2\3Z")


def _decimal_text(array: Any) -> Any:
    text = array.cast(pa.string())
    if pc.any(pc.match_substring(text, "E")).as_py():
        # Arrow writes small ones as 1E-7.
        values = array.to_pylist()
        text = pa.array([None if v is None else format(v, "f") for v in values], pa.string())
    return text


def _bytes_text(array: Any) -> Any:
    try:
        return array.cast(pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        values = array.cast(pa.binary()).to_pylist()
        return pa.array([None if v is None else safe_text(v) for v in values], pa.string())


def _plain_text(array: Any) -> Any:
    return array.cast(pa.string())


_TEXTS: Final[tuple[tuple[Callable[[Any], bool], Callable[[Any], Any]], ...]] = (
    # Text as well, because Parquet does not promise that it is UTF-8.
    (lambda t: pt.is_string(t) or pt.is_large_string(t) or pt.is_string_view(t), _bytes_text),
    (lambda t: pt.is_binary(t) or pt.is_large_binary(t) or pt.is_binary_view(t), _bytes_text),
    (pt.is_fixed_size_binary, _bytes_text),
    (pt.is_timestamp, _timestamp_text),
    (pt.is_decimal, _decimal_text),
    (lambda t: pt.is_date(t) or pt.is_time(t) or pt.is_duration(t), _plain_text),
    (pt.is_float16, lambda array: array.cast(pa.float32())),
)
