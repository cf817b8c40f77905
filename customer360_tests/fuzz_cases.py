"""Running one fuzz case: the rows that bronze would hold, in bounded time, counted."""

from __future__ import annotations

import faulthandler
import io
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from customer360.landing.decode import BRONZE_SCHEMA, decode_files
from customer360.landing.files import LandingFile
from customer360.landing.validity import judged
from customer360_tests.fuzz_oracles import Rows

DAY = date(2026, 1, 2)
NOW = datetime(2026, 1, 3, tzinfo=UTC)
# Far above the slowest case on a busy machine: who takes longer does not end.
HANGS_AFTER_SECONDS = 60


def seed_of(config: pytest.Config) -> int:
    """The seed of this run: what `--hypothesis-seed` says, 0 without."""
    given = config.getoption("--hypothesis-seed")
    return int(given) if given else 0


class Tally:
    """How many cases this process ran."""

    cases = 0


@contextmanager
def one_case(count: int = 1) -> Iterator[None]:
    """Count a case (or some), and fail it if it hangs.

    What hangs inside a library's code hears no signal; for that, the process ends a little later,
    with the stacks of its threads printed.
    """

    def hang(*_: object) -> None:
        raise TimeoutError(f"a case took more than {HANGS_AFTER_SECONDS} s")

    Tally.cases += count
    before = signal.signal(signal.SIGALRM, hang)
    signal.alarm(HANGS_AFTER_SECONDS)
    faulthandler.dump_traceback_later(2 * HANGS_AFTER_SECONDS, exit=True, file=sys.__stderr__)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def bronze_of(landing: Path, name: str, data: bytes, portion: int = 1 << 20) -> Rows:
    """Record, line number and decode error of a file's bronze rows, checked to be writable."""
    path = f"crm/contacts/dt=2026-01-02/{name}"
    (landing / path).parent.mkdir(parents=True, exist_ok=True)
    (landing / path).write_bytes(data)
    file = LandingFile("crm__contacts", DAY, path, len(data), 0.0)
    batches = list(
        judged(
            decode_files(str(landing), [file], batch_id="b", ingested_at=NOW, chunk_bytes=portion)
        )
    )
    for batch in batches:
        batch.validate(full=True)
    table = pa.Table.from_batches(batches, BRONZE_SCHEMA)
    pq.write_table(table, stream := io.BytesIO())
    assert pq.read_table(stream, schema=BRONZE_SCHEMA).equals(table)
    assert set(table["source_file"].to_pylist()) <= {path}
    names = ("record", "line_number", "decode_error")
    return list(zip(*(table[column].to_pylist() for column in names), strict=True))
