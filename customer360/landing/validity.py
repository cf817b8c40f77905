"""Whether a record is a JSON object, judged once, while decoding, by one strict parser.

The engines disagree about text behind the object, quotes, NaN and concatenated objects
(docs/engines.md), so a record they could read differently never reaches them as readable.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from customer360.landing.decode import BRONZE_SCHEMA

MALFORMED: Final = "malformed_json"
# One engine reads nothing of a record that is nested more deeply than 127 times.
DEEPEST_NESTING: Final = 100
# DuckDB's parser takes these: a comma at the end of a list, NaN and infinity in any spelling, and
# numbers that are infinite as a double. Three patterns, as one with alternatives takes three times
# as long: each has something rare to look for first.
_LENIENT: Final = (
    r"[,:\[][ \t\r\n]*[}\]]",
    r"[,:\[][ \t\r\n]*-?(?:[nN][aA][nN]|[iI][nN][fF])",
    r"[eE][+]?[0-9]+[,}\] \t\r\n]",
)
_LONG_NUMBER: Final = r"[0-9]{300}"
# Every 25th byte is looked at: of 300 digits these are at least eight in a row.
_STRIDE: Final = 25
_BRACKET: Final = r"[{\[]"
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|([{\[])|[}\]]', re.DOTALL)


def judged(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Mark the records that are not JSON objects with the decode error `malformed_json`.

    Args:
        batches: Bronze rows (`BRONZE_SCHEMA`).

    Yields:
        The same rows; `decode_error` set where it was null and the record is no JSON object, or is
        nested more than `DEEPEST_NESTING` times, or holds a number beyond a double's range.
    """
    import duckdb

    connection = duckdb.connect(config={"threads": 1})
    query = (
        "select json_valid(record) and (record like '{%' "
        r"or ltrim(record, e' \t\r\n') like '{%') as is_object from records"
    )
    try:
        for batch in batches:
            records = pa.table({"record": batch.column("record")})
            connection.register("records", records)
            verdict = connection.sql(query).to_arrow_table()
            connection.unregister("records")
            yield _marked(batch, verdict.column("is_object").combine_chunks())
    finally:
        connection.close()


def _marked(batch: pa.RecordBatch, is_object: Any) -> pa.RecordBatch:
    # Only records with a trace of what DuckDB lets pass are parsed once more.
    rows = _suspicious(batch.column("record"))
    if rows:
        values = is_object.to_pylist()
        for row in rows:
            values[row] = values[row] and _is_strict(batch.column("record")[row].as_py())
        is_object = pa.array(values, pa.bool_())
    error = batch.column("decode_error")
    bad = pc.and_(error.is_null(), pc.invert(is_object.fill_null(False)))
    marked = pc.if_else(bad, pa.scalar(MALFORMED), error)
    at = BRONZE_SCHEMA.get_field_index("decode_error")
    return batch.set_column(at, BRONZE_SCHEMA.field(at), marked)


def _suspicious(records: Any) -> list[int]:
    """Positions of the records that only the strict parser can judge."""
    texts = pl.Series(records)
    found = texts.str.count_matches(_BRACKET) > DEEPEST_NESTING
    for pattern in _LENIENT:
        found |= texts.str.contains(pattern)
    if _may_hold_a_long_number(records):
        found |= texts.str.contains(_LONG_NUMBER)
    return found.arg_true().to_list()


def _may_hold_a_long_number(records: Any) -> bool:
    """Whether the texts hold 300 digits in a row; true by chance once in a great many batches."""
    text = records.buffers()[2]
    if text is None:
        return False
    is_digit = np.frombuffer(text, np.uint8)[::_STRIDE] - ord("0") < 10
    for step in (1, 2, 4):
        is_digit = is_digit[:-step] & is_digit[step:]
    return bool(is_digit.any())


def _is_strict(record: str) -> bool:
    try:
        json.loads(record, parse_constant=_refused, parse_int=_finite, parse_float=_finite)
    except (ValueError, RecursionError):
        return False
    return _nesting(record) <= DEEPEST_NESTING


def _refused(constant: str) -> None:
    raise ValueError(constant)


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        raise ValueError(number)
    return value


def _nesting(record: str) -> int:
    """How many brackets are open at the most, in valid JSON."""
    deepest = depth = 0
    for token in _TOKEN.finditer(record):
        if token[1]:
            depth += 1
            deepest = max(deepest, depth)
        elif token[0][0] != '"':
            depth -= 1
    return deepest
