"""What fuzzing found in decoding: damaged gzip, endless lines, and files that took for ever."""

from __future__ import annotations

import gzip
import io
import time
from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa
import pytest

from customer360.landing.formats import json_document, lines
from customer360.landing.formats.chunks import inflate_chunks
from customer360.landing.formats.csv_rows import decode_csv
from customer360.landing.formats.decoded import UnreadableFileError
from customer360.landing.formats.json_document import decode_json
from customer360.landing.formats.jsonl import decode_json_lines

Rows = list[tuple[str, int, str | None]]
Reader = Callable[[Iterable[bytes]], Iterator[pa.RecordBatch]]
PORTIONS = [1, 7, 1 << 20]


def read(reader: Reader, chunks: Iterable[bytes]) -> tuple[Rows, bool]:
    """The rows, and whether the file's rest was unreadable."""
    rows: Rows = []
    try:
        for batch in reader(chunks):
            rows += [tuple(row.values()) for row in batch.to_pylist()]
    except UnreadableFileError:
        return rows, True
    return rows, False


def wrong_sum(text: bytes) -> bytes:
    """A gzip file that can be decompressed whole, with a checksum that says it is damaged."""
    data = bytearray(gzip.compress(text, mtime=0))
    data[-8] ^= 0xFF
    return bytes(data)


@pytest.mark.parametrize("portion", PORTIONS)
@pytest.mark.parametrize(
    ("reader", "text", "expected"),
    [
        (decode_json_lines, b'{"id":1}\n{"id":2}', [('{"id":1}', 1), ('{"id":2}', 2)]),
        (decode_json, b'{"id":1}\n{"id":2}', [('{"id":1}', 1), ('{"id":2}', 2)]),
        (decode_csv, b"id\n1\n2", [('{"id":"1"}', 2), ("2", 3)]),
        (decode_json, b'[{"id":1},{"id', [('{"id":1}', 1), ('{"id', 2)]),
        (decode_json, b'{\n"id":1', [('{\n"id":1', 1)]),
    ],
)
def test_damaged_gzip_gives_the_line_or_element_that_was_open(
    reader: Reader, text: bytes, portion: int, expected: list[tuple[str, int]]
) -> None:
    rows, is_damaged = read(reader, inflate_chunks(io.BytesIO(wrong_sum(text)), portion))
    *whole, rest = expected
    assert rows == [*((*row, None) for row in whole), (*rest, "unreadable_file")]
    assert is_damaged


@pytest.mark.parametrize("portion", PORTIONS)
def test_damaged_gzip_gives_csv_rows_held_back_and_whole_arrays(portion: int) -> None:
    data = wrong_sum(b'id,text\n1,"open\n2,good\n')
    assert read(decode_csv, inflate_chunks(io.BytesIO(data), portion)) == (
        [('1,"open', 2, "unclosed_quote"), ('{"id":"2","text":"good"}', 3, None)],
        True,
    )
    data = wrong_sum(b'[{"id":1},{"id":2}]')
    assert read(decode_json, inflate_chunks(io.BytesIO(data), portion)) == (
        [('{"id":1}', 1, None), ('{"id":2}', 2, None)],
        True,
    )


@pytest.fixture
def short_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LONGEST_LINE", 20)
    monkeypatch.setattr(lines, "_KEPT_OF_TOO_LONG", 4)


@pytest.mark.usefixtures("short_lines")
def test_record_that_is_too_long_is_cut_in_every_format() -> None:
    long = '{"id":"' + "x" * 20 + '"}'
    assert read(decode_json, [f'[{long},{{"id":2}}]'.encode()])[0] == [
        ('{"id', 1, "line_too_long"),
        ('{"id":2}', 2, None),
    ]
    assert read(decode_csv, [b'id\n"123456789\n123456789\n1"\n'])[0] == [
        ('"123456789', 2, "unclosed_quote"),
        ('{"id":"123456789"}', 3, None),
        ('{"id":"1\\""}', 4, None),
    ]


@pytest.mark.usefixtures("short_lines")
@pytest.mark.parametrize("portion", PORTIONS)
@pytest.mark.parametrize("reader", [decode_json_lines, decode_json])
def test_long_line_of_a_cut_gzip_is_cut_wherever_portions_end(reader: Reader, portion: int) -> None:
    data = gzip.compress(b"x" * 500, compresslevel=0, mtime=0)[:-8]
    rows, _ = read(reader, inflate_chunks(io.BytesIO(data), portion))
    assert rows == [("xxxx", 1, "truncated_gzip")]


@pytest.mark.parametrize("portion", [7, 1 << 20])
def test_array_too_large_for_the_memory_is_unreadable_and_lines_are_not(
    monkeypatch: pytest.MonkeyPatch, portion: int
) -> None:
    monkeypatch.setattr(json_document, "_LARGEST_WHOLE", 30)

    def chunks(text: bytes) -> list[bytes]:
        return [text[i : i + portion] for i in range(0, len(text), portion)]

    array = b"[" + b'{"id":1},' * 9 + b'{"id":1}]'
    assert read(decode_json, chunks(array)) == ([], True)
    broken_first = b'{"id":\n' + b'{"id":2}\n' * 9
    rows, is_unreadable = read(decode_json, chunks(broken_first))
    assert [row[0] for row in rows] == ['{"id":', *['{"id":2}'] * 9]
    assert not is_unreadable


def test_array_whose_elements_all_lack_a_bracket_takes_no_more_than_seconds() -> None:
    broken = '{"id":1,"tags":{"a":1}'
    text = "[" + ",".join([broken, '{"id":2}'] * 20_000) + "]"
    begin = time.process_time()
    rows, _ = read(decode_json, [text.encode()])
    assert time.process_time() - begin < 30
    assert [row[0] for row in rows[:4]] == [broken, '{"id":2}', broken, '{"id":2}']
    assert len(rows) == 40_000
