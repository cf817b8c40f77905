"""Parquet rows become JSON objects without losing a digit."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from customer360.landing.formats import parquet
from customer360.landing.formats.decoded import UnreadableFileError
from customer360.landing.formats.parquet import decode_parquet

MOMENT = datetime(2024, 3, 31, 1, 30, 0, 120_000, UTC)
EARLY = datetime(1969, 12, 31, tzinfo=UTC)


def written(table: pa.Table, **options: Any) -> io.BytesIO:
    stream = io.BytesIO()
    pq.write_table(table, stream, **options)
    return io.BytesIO(stream.getvalue())


def decoded(stream: io.BytesIO) -> list[tuple[str, int, str | None]]:
    return [tuple(row.values()) for batch in decode_parquet(stream) for row in batch.to_pylist()]


def column(values: list[Any], kind: pa.DataType) -> list[str]:
    return [row[0] for row in decoded(written(pa.table({"v": pa.array(values, kind)})))]


def test_rows_become_objects_in_the_order_of_columns() -> None:
    table = pa.table({"sku": ["P1", 'a"\\\n\0é'], "name": ["Soap", None], "stock": [3, -1]})
    assert decoded(written(table)) == [
        ('{"sku":"P1","name":"Soap","stock":3}', 1, None),
        ('{"sku":"a\\"\\\\\\n\\u0000é","name":null,"stock":-1}', 2, None),
    ]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin", "+05:30"])
def test_timestamps_are_iso_in_utc_for_every_unit_and_zone(unit: str, zone: str | None) -> None:
    values = pa.array([MOMENT, EARLY, None], pa.timestamp("us")).cast(pa.timestamp(unit))
    stored = values.view(pa.int64()).view(pa.timestamp(unit, tz=zone))
    assert [row[0] for row in decoded(written(pa.table({"v": stored})))] == [
        '{"v":"2024-03-31T01:30:00.12Z"}',
        '{"v":"1969-12-31T00:00:00Z"}',
        '{"v":null}',
    ]


def test_timestamp_with_a_zone_is_the_moment_not_the_clock_on_the_wall() -> None:
    berlin = datetime(2024, 3, 31, 1, 30, tzinfo=UTC)
    values = column([berlin], pa.timestamp("us", tz="Europe/Berlin"))
    assert values == ['{"v":"2024-03-31T01:30:00Z"}']


def test_decimals_are_plain_digits() -> None:
    values = [Decimal("0.0000001"), Decimal("-12.3000000"), Decimal("1E+20"), None]
    assert column(values, pa.decimal128(38, 7)) == [
        '{"v":"0.0000001"}',
        '{"v":"-12.3000000"}',
        '{"v":"100000000000000000000.0000000"}',
        '{"v":null}',
    ]


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (2**63 - 1, pa.int64(), "9223372036854775807"),
        (2**64 - 1, pa.uint64(), "18446744073709551615"),
        (0.1, pa.float64(), "0.1"),
        (0.1, pa.float32(), "0.1"),
        (float("nan"), pa.float64(), "null"),
        (True, pa.bool_(), "true"),
        (None, pa.null(), "null"),
        (date(2024, 2, 29), pa.date32(), '"2024-02-29"'),
        (time(1, 2, 3), pa.time64("us"), '"01:02:03.000000"'),
        (b"a\xe9", pa.binary(), '"a\\\\xe9"'),
        ("a", pa.dictionary(pa.int32(), pa.string()), '"a"'),
        ("a", pa.large_string(), '"a"'),
        ([1, None], pa.list_(pa.int64()), "[1,null]"),
        ([Decimal("1.50")], pa.large_list(pa.decimal128(9, 2)), '["1.50"]'),
        ([], pa.list_(pa.date32()), "[]"),
        ([("a", 1)], pa.map_(pa.string(), pa.int8()), '[{"key":"a","value":1}]'),
        (
            {"x": [{"y": MOMENT}, None]},
            pa.struct([("x", pa.list_(pa.struct([("y", pa.timestamp("us"))])))]),
            '{"x":[{"y":"2024-03-31T01:30:00.12Z"},null]}',
        ),
    ],
    ids=str,
)
def test_values_of_every_type_and_the_null_beside_them(
    value: Any, kind: pa.DataType, expected: str
) -> None:
    assert column([None, value], kind) == ['{"v":null}', f'{{"v":{expected}}}']


def test_row_groups_and_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_MAX_ROWS", 3)
    lists = [[i] * (i % 3) for i in range(10)]
    table = pa.table({"n": list(range(10)), "l": lists})
    assert decoded(written(table, row_group_size=4)) == [
        (f'{{"n":{i},"l":{str(lists[i]).replace(" ", "")}}}', i + 1, None) for i in range(10)
    ]


def test_table_without_rows_has_no_records() -> None:
    assert decoded(written(pa.table({"n": pa.array([], pa.int64())}))) == []


def test_two_columns_of_one_name_make_the_file_unreadable() -> None:
    table = pa.table([[1], [2]], names=["a", "a"])
    with pytest.raises(UnreadableFileError):
        decoded(written(table))


@pytest.mark.parametrize("cut", [0, 3, 100, -1])
def test_damaged_file_is_unreadable(cut: int) -> None:
    data = written(pa.table({"a": list(range(1000))})).getvalue()
    with pytest.raises(UnreadableFileError):
        decoded(io.BytesIO(data[:cut]))
