"""Files to bronze rows: the format by name, origins, gzip, and files that cannot be read."""

from __future__ import annotations

import functools
import gzip
import io
import zlib
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from customer360.landing import decode
from customer360.landing.decode import BRONZE_SCHEMA, decode_files
from customer360.landing.files import LandingFile, list_files

# A moment in the header would give the tests other names in every worker process.
zipped = functools.partial(gzip.compress, mtime=0)

DAY = date(2026, 1, 2)
NOW = datetime(2026, 1, 3, tzinfo=UTC)
PARQUET = io.BytesIO()
pq.write_table(pa.table({"id": [1]}), PARQUET)
LINES = b'{"id":1}\n{"id":2}\n{"id":3}\n'


def land(landing: Path, name: str, data: bytes) -> LandingFile:
    path = f"crm/contacts/dt=2026-01-02/{name}"
    (landing / path).parent.mkdir(parents=True, exist_ok=True)
    (landing / path).write_bytes(data)
    return LandingFile("crm__contacts", DAY, path, len(data), 0.0)


def decoded(
    landing: Path, files: Sequence[LandingFile], chunk_bytes: int = 1 << 20
) -> list[tuple[str, int, str | None]]:
    batches = decode_files(
        str(landing), files, batch_id="b", ingested_at=NOW, chunk_bytes=chunk_bytes
    )
    rows = [row for batch in batches for row in batch.to_pylist()]
    return [(row["record"], row["line_number"], row["decode_error"]) for row in rows]


def gzip_cut_behind(text: bytes) -> bytes:
    """A gzip stream that holds all of `text` and is cut right behind it."""
    return zipped(text, compresslevel=0)[:-8]


def test_bronze_rows_say_where_they_come_from(tmp_path: Path) -> None:
    files = [land(tmp_path, "a.csv", b"id\n1\n2,3\n"), land(tmp_path, "b.jsonl", b'{"id":4}')]
    batches = list(decode_files(str(tmp_path), files, batch_id="load-7", ingested_at=NOW))
    load = {"batch_id": "load-7", "ingested_at": NOW, "landed_on": DAY}
    a = {"source_file": "crm/contacts/dt=2026-01-02/a.csv", **load}
    b = {"source_file": "crm/contacts/dt=2026-01-02/b.jsonl", **load}
    assert [batch.schema for batch in batches] == [BRONZE_SCHEMA]
    assert batches[0].to_pylist() == [
        {"record": '{"id":"1"}', "line_number": 2, "decode_error": None, **a},
        {"record": "2,3", "line_number": 3, "decode_error": "wrong_field_count", **a},
        {"record": '{"id":4}', "line_number": 1, "decode_error": None, **b},
    ]


@pytest.mark.parametrize(
    ("name", "data", "record"),
    [
        ("a.jsonl", b'{"id": 1}\n', '{"id": 1}'),
        ("a.ndjson", b'{"id": 1}\n', '{"id": 1}'),
        ("a.NDJSON.GZ", zipped(b'{"id": 1}\n'), '{"id": 1}'),
        ("a.json", b'[{"id": 1}]', '{"id": 1}'),
        ("a.json.gz", zipped(b'[{"id": 1}]'), '{"id": 1}'),
        ("a.csv", b"id\n1\n", '{"id":"1"}'),
        ("a.2026.csv.gz", zipped(b"id\n1\n"), '{"id":"1"}'),
        ("a.parquet", PARQUET.getvalue(), '{"id":1}'),
    ],
)
def test_format_is_told_by_the_name(tmp_path: Path, name: str, data: bytes, record: str) -> None:
    assert [row[0] for row in decoded(tmp_path, [land(tmp_path, name, data)])] == [record]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.xml", b"<a/>"),
        ("a", b"{}"),
        ("a.gz", zipped(b"{}")),
        ("a.parquet.gz", zipped(PARQUET.getvalue())),
        ("a.parquet", b"PAR1"),
        ("a.csv", b"id,id\n1,2\n"),
        ("a.jsonl.gz", LINES),
    ],
)
def test_unreadable_file_is_one_row_and_the_others_go_on(
    tmp_path: Path, name: str, data: bytes
) -> None:
    files = [land(tmp_path, name, data), land(tmp_path, "b.jsonl", b'{"id":2}\n')]
    assert decoded(tmp_path, files) == [("", 0, "unreadable_file"), ('{"id":2}', 1, None)]


def test_file_that_went_away_is_one_row(tmp_path: Path) -> None:
    gone = land(tmp_path, "a.jsonl", b"{}")
    (tmp_path / gone.path).unlink()
    assert decoded(tmp_path, [gone]) == [("", 0, "unreadable_file")]


@pytest.mark.parametrize("chunk_bytes", [1, 5, 1 << 20])
def test_gzip_of_several_members_and_padding_is_one_file(tmp_path: Path, chunk_bytes: int) -> None:
    data = zipped(LINES[:12]) + zipped(b"") + zipped(LINES[12:]) + b"\0" * 9
    assert decoded(tmp_path, [land(tmp_path, "a.jsonl.gz", data)], chunk_bytes) == [
        ('{"id":1}', 1, None),
        ('{"id":2}', 2, None),
        ('{"id":3}', 3, None),
    ]


@pytest.mark.parametrize("chunk_bytes", [1, 5, 1 << 20])
@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.jsonl.gz", LINES, [('{"id":1}', 1), ('{"id":2}', 2), ('{"id":3}', 3), ("", 4)]),
        ("a.jsonl.gz", LINES[:-1], [('{"id":1}', 1), ('{"id":2}', 2), ('{"id":3}', 3)]),
        ("a.csv.gz", b"id\n1\n2\n", [('{"id":"1"}', 2), ('{"id":"2"}', 3), ("", 4)]),
        ("a.csv.gz", b"id,name\n1,", [("1,", 2)]),
        ("a.csv.gz", b"id,na", [("id,na", 1)]),
        ("a.json.gz", b'[{"id":1},{"id', [('{"id":1}', 1), ('{"id', 2)]),
        ("a.json.gz", b'[{"id":1}]', [('{"id":1}', 1), ("", 2)]),
        ("a.json.gz", b'{\n"id":', [('{\n"id":', 1)]),
        ("a.json.gz", b'{\n"id":1}', [('{\n"id":1}', 1)]),
        ("a.json.gz", b'{"id":1}\n{"id":', [('{"id":1}', 1), ('{"id":', 2)]),
    ],
)
def test_cut_gzip_keeps_complete_records_and_the_remainder(
    tmp_path: Path, chunk_bytes: int, name: str, text: bytes, expected: list[tuple[str, int]]
) -> None:
    file = land(tmp_path, name, gzip_cut_behind(text))
    *whole, rest = expected
    assert decoded(tmp_path, [file], chunk_bytes) == [
        *((*row, None) for row in whole),
        (*rest, "truncated_gzip"),
    ]


def test_cut_gzip_inside_a_quoted_value_gives_up_the_open_row(tmp_path: Path) -> None:
    file = land(tmp_path, "a.csv.gz", gzip_cut_behind(b'id,text\n1,"two\nlin'))
    assert decoded(tmp_path, [file]) == [
        ('1,"two', 2, "unclosed_quote"),
        ("lin", 3, "truncated_gzip"),
    ]


@pytest.mark.parametrize("data", [b"", b"\x1f", zipped(LINES)[:10]])
def test_gzip_cut_before_its_text_is_one_empty_remainder(tmp_path: Path, data: bytes) -> None:
    for name in ("a.jsonl.gz", "a.csv.gz", "a.json.gz"):
        assert decoded(tmp_path, [land(tmp_path, name, data)]) == [("", 1, "truncated_gzip")]


@pytest.mark.parametrize("chunk_bytes", [1, 5, 1 << 20])
def test_cut_gzip_gives_all_that_its_last_bytes_hold(tmp_path: Path, chunk_bytes: int) -> None:
    # One compressed byte stands for up to 258 of these.
    data = zipped(b"7" * 10_000)[:-12]
    whole = zlib.decompressobj(31).decompress(data).decode()
    assert len(whole) > 258
    file = land(tmp_path, "a.jsonl.gz", data)
    assert decoded(tmp_path, [file], chunk_bytes) == [(whole, 1, "truncated_gzip")]


@pytest.mark.parametrize("chunk_bytes", [1, 64, 1 << 20])
def test_corrupt_gzip_keeps_what_comes_before(tmp_path: Path, chunk_bytes: int) -> None:
    second = bytearray(zipped(LINES))
    second[0] = 0xFF
    wrong_sum = bytearray(zipped(LINES))
    wrong_sum[-8] ^= 0xFF
    whole = [('{"id":1}', 1, None), ('{"id":2}', 2, None), ('{"id":3}', 3, None)]
    for data in (zipped(LINES) + second, wrong_sum):
        rows = decoded(tmp_path, [land(tmp_path, "a.jsonl.gz", bytes(data))], chunk_bytes)
        assert rows == [*whole, ("", 0, "unreadable_file")]


def test_small_files_share_a_batch_and_large_ones_do_not_fill_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decode, "MAX_ROWS", 5)
    files = [land(tmp_path, f"{n}.jsonl", LINES[: 9 * n]) for n in (1, 3, 2, 1)]
    batches = decode_files(str(tmp_path), files, batch_id="b", ingested_at=NOW)
    assert [batch.num_rows for batch in batches] == [4, 3]


def test_progress_hears_of_every_file_and_its_rows(tmp_path: Path) -> None:
    files = [land(tmp_path, "a.jsonl", LINES), land(tmp_path, "b.xml", b"")]
    heard: list[tuple[str, int]] = []
    batches = decode_files(
        str(tmp_path),
        files,
        batch_id="b",
        ingested_at=NOW,
        progress=lambda file, rows: heard.append((file.path[-7:], rows)),
    )
    assert sum(batch.num_rows for batch in batches) == 4
    assert heard == [("a.jsonl", 3), ("2/b.xml", 1)]


def test_landing_may_be_any_url(tmp_path: Path) -> None:
    land(tmp_path, "a.jsonl", LINES)
    url = tmp_path.as_uri()
    files = list_files(url, "crm", "contacts")
    batches = decode_files(url, files, batch_id="b", ingested_at=NOW)
    assert [batch.num_rows for batch in batches] == [3]
