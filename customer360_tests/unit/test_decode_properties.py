"""What must hold for any text: rows round-trip, and portions of reading never matter."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable
from typing import Literal

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from customer360.landing.formats.chunks import inflate_chunks
from customer360.landing.formats.csv_rows import decode_csv
from customer360.landing.formats.decoded import UnreadableFileError
from customer360.landing.formats.json_document import decode_json
from customer360.landing.formats.jsonl import decode_json_lines

# Few characters, so that the ones with a meaning meet often.
ODD = st.text(alphabet='a,"\\\n\r\t\0 é\u2028\U0001f600', max_size=8)
TEXT = st.one_of(ODD, st.text(st.characters(codec="utf-8"), max_size=20))
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.tuples(
        st.lists(TEXT.filter(bool), min_size=width, max_size=width, unique=True),
        st.lists(st.lists(TEXT, min_size=width, max_size=width), max_size=12),
    )
)
# Anything at all: what looks like CSV or JSON, broken in every way.
CSV_NOISE = st.lists(
    st.sampled_from([b"a", b",", b'"', b'""', b"\n", b"\r\n", b"\xff", "é".encode(), b"\\"]),
    max_size=60,
).map(b"".join)
JSON_NOISE = st.lists(
    st.sampled_from([b"[", b"]", b"{", b"}", b'{"a":1}', b",", b'"', b"\n", b" ", b"\xff", b"1"]),
    max_size=40,
).map(b"".join)
SIZES = st.integers(1, 9)

Rows = list[tuple[str, int, str | None]]


def portions(data: bytes, size: int) -> list[bytes]:
    return [data[i : i + size] for i in range(0, len(data), size)]


def rows(batches: Iterable[pa.RecordBatch]) -> Rows:
    found: Rows = []
    try:
        for batch in batches:
            batch.validate(full=True)
            found += [tuple(row.values()) for row in batch.to_pylist()]
    except UnreadableFileError:
        found.append(("", 0, "unreadable_file"))
    return found


@given(table=TABLES, size=SIZES, quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
@settings(deadline=None, max_examples=300)
def test_csv_as_python_writes_it_decodes_to_the_same_values(
    table: tuple[list[str], list[list[str]]], size: int, quoting: Literal[0, 1]
) -> None:
    names, values = table
    # A header is one line, and a first name that begins with the mark loses it.
    names = [f"{i}{name}".replace("\n", "").replace("\r", "") for i, name in enumerate(names)]
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, quoting=quoting)
    writer.writerows([names, *values])
    data = stream.getvalue().encode()
    found = rows(decode_csv(portions(data, size)))
    assert [row[2] for row in found] == [None] * len(values)
    assert [json.loads(row[0]) for row in found] == [
        dict(zip(names, cells, strict=True)) for cells in values
    ]


@given(records=st.lists(st.dictionaries(TEXT, TEXT | st.integers(), max_size=4)), size=SIZES)
@settings(deadline=None)
def test_json_lines_round_trip(records: list[dict[str, object]], size: int) -> None:
    lines = [json.dumps(record, ensure_ascii=False) for record in records]
    data = "".join(f"{line}\n" for line in lines).encode()
    expected = [(line, number, None) for number, line in enumerate(lines, start=1)]
    assert rows(decode_json_lines(portions(data, size))) == expected
    array = ("[" + ", ".join(lines) + "]").encode()
    assert rows(decode_json(portions(array, size))) == expected


@given(data=CSV_NOISE, size=SIZES)
@settings(deadline=None, max_examples=300)
def test_portions_never_change_the_rows_of_csv(data: bytes, size: int) -> None:
    data = b"a,b\n" + data
    assert rows(decode_csv(portions(data, size))) == rows(decode_csv([data]))


@given(data=JSON_NOISE, size=SIZES)
@settings(deadline=None, max_examples=300)
def test_portions_never_change_the_rows_of_json(data: bytes, size: int) -> None:
    assert rows(decode_json(portions(data, size))) == rows(decode_json([data]))
    assert rows(decode_json_lines(portions(data, size))) == rows(decode_json_lines([data]))


@given(data=CSV_NOISE, cut=st.integers(0, 400), size=SIZES, flip=st.none() | st.integers(0, 99))
@settings(deadline=None, max_examples=200)
def test_portions_never_change_what_is_left_of_a_damaged_gzip(
    data: bytes, cut: int, size: int, flip: int | None
) -> None:
    damaged = bytearray(gzip.compress(data)[:cut])
    if flip is not None and flip < len(damaged):
        damaged[flip] ^= 0x55

    def read(chunk_bytes: int) -> Rows:
        return rows(decode_json_lines(inflate_chunks(io.BytesIO(damaged), chunk_bytes)))

    assert read(size) == read(1 << 20)
