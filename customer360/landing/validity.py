"""Whether a record is a JSON object, judged once, while decoding, by one strict parser.

The engines disagree about text behind the object, quotes, NaN and concatenated objects
(docs/engines.md), so a record they could read differently never reaches them as readable.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from customer360.landing.decode import BRONZE_SCHEMA

MALFORMED: Final = "malformed_json"
# DuckDB's parser takes these; only records that contain one are parsed once more, by Python's.
_LENIENT: Final = ("NaN", "Infinity", ",}", ",]", ", }", ", ]")


def judged(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Mark the records that are not JSON objects with the decode error `malformed_json`.

    Args:
        batches: Bronze rows (`BRONZE_SCHEMA`).

    Yields:
        The same rows; `decode_error` set where it was null and the record is no JSON object.
    """
    import duckdb

    connection = duckdb.connect(config={"threads": 1})
    suspicious = " or ".join(f"contains(record, '{part}')" for part in _LENIENT)
    query = (
        "select json_valid(record) and ltrim(record) like '{%' as is_object, "
        f"{suspicious} as is_suspicious from records"
    )
    try:
        for batch in batches:
            records = pa.table({"record": batch.column("record")})
            connection.register("records", records)
            verdict = connection.sql(query).to_arrow_table()
            connection.unregister("records")
            yield _marked(batch, verdict)
    finally:
        connection.close()


def _marked(batch: pa.RecordBatch, verdict: pa.Table) -> pa.RecordBatch:
    is_object = verdict.column("is_object").combine_chunks()
    rows = pc.indices_nonzero(verdict.column("is_suspicious").fill_null(False)).to_pylist()
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


def _is_strict(record: str) -> bool:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        json.loads(record, parse_constant=refuse)
    except ValueError:
        return False
    return True
