"""How landing files become bronze rows: the format by the file's name, the origin of every record.

One row per record; nothing is dropped and nothing is judged beyond what cannot be decoded. The
formats themselves are in `customer360.landing.formats`, listing in `customer360.landing.files`;
typing, deduplication and quarantine are in `customer360.transforms`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import pyarrow as pa

from customer360.landing.files import LandingFile
from customer360.landing.formats.chunks import CHUNK_BYTES, inflate_chunks, read_chunks
from customer360.landing.formats.csv_rows import decode_csv
from customer360.landing.formats.decoded import (
    MAX_ROWS,
    UNREADABLE_FILE,
    Row,
    UnreadableFileError,
    as_batch,
)
from customer360.landing.formats.json_document import decode_json
from customer360.landing.formats.jsonl import decode_json_lines
from customer360.landing.formats.parquet import decode_parquet
from customer360.storage import open_url

logger = logging.getLogger(__name__)

# The partition column is last, where Delta writers expect it.
BRONZE_SCHEMA: Final = pa.schema(
    [
        ("record", pa.string()),
        ("source_file", pa.string()),
        ("line_number", pa.int64()),
        ("decode_error", pa.string()),
        ("batch_id", pa.string()),
        ("ingested_at", pa.timestamp("us", tz="UTC")),
        ("landed_on", pa.date32()),
    ]
)
Progress = Callable[[LandingFile, int], None]
_MAX_BATCH_BYTES: Final = 32 << 20
_TEXT_FORMATS: Final[dict[str, Callable[[Iterable[bytes]], Iterator[pa.RecordBatch]]]] = {
    ".jsonl": decode_json_lines,
    ".ndjson": decode_json_lines,
    ".json": decode_json,
    ".csv": decode_csv,
}


def decode_files(
    landing: str,
    files: Sequence[LandingFile],
    *,
    batch_id: str,
    ingested_at: datetime,
    progress: Progress | None = None,
    chunk_bytes: int = CHUNK_BYTES,
) -> Iterator[pa.RecordBatch]:
    """Decode landing files, in the given order, to bronze rows.

    Args:
        landing: URL or local path of the landing zone.
        files: The files, as `customer360.landing.files.list_files` lists them.
        batch_id: Which load this is.
        ingested_at: When it runs, UTC.
        progress: Called with each file and its number of rows when the file is done.
        chunk_bytes: How much of a file is in memory at once; the rows do not depend on it.

    Yields:
        Batches of `BRONZE_SCHEMA`, one row per record, in the order of the files and of the records
        in them, of at most 65,536 rows and about 32 MB (one record may be larger). A file that
        cannot be read, wholly or from some point on, is one more row: an empty record, line 0,
        `unreadable_file`; the reason is logged, and the other files go on.
    """
    held = _Held()
    fs, root = open_url(landing)
    for file in files:
        rows = 0
        for decoded in _decode_file(fs, f"{root}/{file.path}", chunk_bytes):
            rows += decoded.num_rows
            batch = _bronze(decoded, file, batch_id, ingested_at)
            yield from held.add(batch)
        if progress:
            progress(file, rows)
    yield from held.release()


class _Held:
    """Batches held until they are worth a write: a thousand small files are not a thousand."""

    def __init__(self) -> None:
        self._batches: list[pa.RecordBatch] = []
        self._rows = 0
        self._bytes = 0

    def add(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        size = batch.get_total_buffer_size()
        if self._rows + batch.num_rows > MAX_ROWS or self._bytes + size > _MAX_BATCH_BYTES:
            yield from self.release()
        self._batches.append(batch)
        self._rows += batch.num_rows
        self._bytes += size

    def release(self) -> Iterator[pa.RecordBatch]:
        if self._rows:
            yield pa.concat_batches(self._batches)
        self._batches, self._rows, self._bytes = [], 0, 0


def _decode_file(fs: Any, path: str, chunk_bytes: int) -> Iterator[pa.RecordBatch]:
    """Rows of one file. Errors of remote storage are not caught: they are no fault of the file."""
    try:
        yield from _open_file(fs, path, chunk_bytes)
    except (UnreadableFileError, OSError) as error:
        logger.warning("%s cannot be read: %s", path, error)
        yield as_batch([Row("", 0, UNREADABLE_FILE)])


def _open_file(fs: Any, path: str, chunk_bytes: int) -> Iterator[pa.RecordBatch]:
    name = path.lower()
    plain = name.removesuffix(".gz")
    reader = next((_TEXT_FORMATS[end] for end in _TEXT_FORMATS if plain.endswith(end)), None)
    if not reader and not name.endswith(".parquet"):
        expected = ", ".join((*_TEXT_FORMATS, ".parquet"))
        raise UnreadableFileError(f"unknown ending; expected {expected}, text also with .gz")
    with fs.open(path, "rb") as stream:
        if reader:
            read = read_chunks if name == plain else inflate_chunks
            yield from reader(read(stream, chunk_bytes))
        else:
            yield from decode_parquet(stream)


def _bronze(
    decoded: pa.RecordBatch, file: LandingFile, batch_id: str, ingested_at: datetime
) -> pa.RecordBatch:
    record, line_number, decode_error = decoded.columns

    def repeated(column: str, value: object) -> Any:
        return pa.repeat(pa.scalar(value, BRONZE_SCHEMA.field(column).type), len(decoded))

    columns = [
        record,
        repeated("source_file", file.path),
        line_number,
        decode_error,
        repeated("batch_id", batch_id),
        repeated("ingested_at", ingested_at),
        repeated("landed_on", file.landed_on),
    ]
    return pa.record_batch(columns, schema=BRONZE_SCHEMA)
