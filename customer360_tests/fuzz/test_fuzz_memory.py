"""One enormous line, or enormous nesting, does not fill the memory of the process."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

_MIB = 1 << 20
_SIZE_MIB = 256
_MEASURE = """
import resource, sys
from pathlib import Path
from customer360_tests.fuzz_cases import bronze_of

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

Path(sys.argv[1], "small").mkdir()
bronze_of(Path(sys.argv[1], "small"), "a.jsonl", b"{}")
before = peak()
landing = Path(sys.argv[1])
from customer360.landing.decode import decode_files
from customer360.landing.files import LandingFile
from customer360.landing.validity import judged
from customer360_tests.fuzz_cases import DAY, NOW
file = LandingFile("crm__contacts", DAY, sys.argv[2], 1, 0.0)
faults = []
for batch in judged(decode_files(str(landing), [file], batch_id="b", ingested_at=NOW)):
    faults += batch.column("decode_error").to_pylist()
print(peak() - before, *faults)
"""


def inflating(path: Path, begin: bytes, unit: bytes, size: int) -> None:
    """A gzip file of this many bytes of a repeated unit."""
    with gzip.open(path, "wb", compresslevel=1) as out:
        out.write(begin)
        for _ in range(size // _MIB):
            out.write(unit * (_MIB // len(unit)))


@pytest.mark.parametrize(
    ("name", "begin", "unit", "fault"),
    [
        ("line.jsonl.gz", b'{"a":"', b"x", "line_too_long"),
        ("line.json.gz", b'{"a":"', b"x", "line_too_long"),
        ("line.csv.gz", b"a,b\n", b"x", "line_too_long"),
        ("quote.csv.gz", b'a,b\n"', b"\xff", "line_too_long"),
        ("deep.jsonl.gz", b'{"a":', b"[", "line_too_long"),
        ("blank.json.gz", b"", b" ", "line_too_long"),
        ("deep.json.gz", b"", b"[", "unreadable_file"),
        ("array.json.gz", b"[", b'{"a":[1],', "unreadable_file"),
    ],
)
def test_enormous_file_takes_bounded_memory(
    tmp_path: Path, name: str, begin: bytes, unit: bytes, fault: str
) -> None:
    inflating(tmp_path / name, begin, unit, _SIZE_MIB * _MIB)
    command = [sys.executable, "-c", _MEASURE, str(tmp_path), name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)
    grown, *faults = done.stdout.split()
    assert faults == [fault]
    assert int(grown) < _SIZE_MIB
