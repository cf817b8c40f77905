"""What goes wrong with whole files: late, twice, cut off, unreadable, empty, marked, widened.

Here: the fate of a file and the files that come beside it. Not here: faults of single lines
(``fault_lines``, ``copied_lines``).
"""

import zlib
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from customer360.landing.simulate.block import NOBODY
from customer360.landing.simulate.fault_kinds import FaultRates
from customer360.landing.simulate.formats import EntityFormat, FileKind
from customer360.landing.simulate.sheet import (
    RECORD_SCHEMA,
    Fault,
    Sheet,
    csv_header,
    file_bytes,
    readable_money,
    sheet_records,
    zipped,
)

MAX_DAYS_LATE = 10
MAX_DAYS_AGAIN = 5
NOT_GZIP = b"<html><body>503 Service Unavailable</body></html>\n"
SHORTEST_REST = 5


@dataclass(frozen=True)
class PreparedFile:
    """A file ready to land: its bytes and what is true about its records.

    ``records`` are rows of ``sheet.sheet_records``, ``money`` the marks of lines that count.
    """

    entity: EntityFormat
    name: str
    data: bytes
    records: pl.DataFrame | None
    faults: tuple[Fault, ...] = ()
    money: pl.DataFrame | None = None


@dataclass(frozen=True)
class Fate:
    """What happens to one file: at most one of the kinds, and the days it comes late or again."""

    kind: str | None = None
    days: int = 0

    @property
    def days_late(self) -> int:
        """Days between the file's own day and its landing."""
        return self.days if self.kind == "late_file" else 0

    @property
    def loses_lines(self) -> bool:
        """Whether not all lines can be read, so that none of them may be copied later."""
        return self.kind in ("truncated_gzip", "unreadable_file")


def draw_fate(rng: np.random.Generator, rates: FaultRates, entity: EntityFormat) -> Fate:
    """Return the fate of one file of ``entity``."""
    kinds = ["late_file", "repeated_file"]
    if entity.is_csv:
        kinds += ["byte_order_mark", "extra_column", "empty_file", "header_only_file"]
    elif entity.kind is FileKind.JSON_LINES:
        kinds += ["byte_order_mark", "empty_file"]
    elif entity.kind is FileKind.JSON_LINES_GZIP:
        # There is one such file a day, so it is unlucky twice as often.
        kinds += ["truncated_gzip"] * 2 + ["unreadable_file"] * 2 + ["empty_file"]
    roll = rng.random()
    place = int(roll / rates.files)
    if place >= len(kinds):
        return Fate()
    kind = kinds[place]
    longest = MAX_DAYS_LATE if kind == "late_file" else MAX_DAYS_AGAIN
    return Fate(kind, int(rng.integers(1, longest + 1)))


def prepare(sheet: Sheet, fate: Fate, rng: np.random.Generator, stem: str) -> PreparedFile:
    """Return the file of ``sheet`` after its fate.

    Args:
        sheet: the lines, faults of single lines included.
        fate: what happens to the file.
        rng: decides where a file is cut.
        stem: the file's name without ending, e.g. ``orders-0000``.
    """
    entity = sheet.entity
    name = f"{stem}.{entity.kind.value}"
    if fate.kind == "unreadable_file":
        fault = Fault("unreadable_file", "quarantined:unreadable_file")
        return PreparedFile(
            entity, name, NOT_GZIP, _lost_row(0, NOT_GZIP, "unreadable_file"), (fault,)
        )
    if fate.kind == "truncated_gzip":
        return _cut_off(sheet, rng, name)
    faults = list(sheet.faults)
    if fate.kind == "byte_order_mark":
        sheet.has_mark = True
        faults.append(Fault("byte_order_mark", "none", value="EF BB BF"))
    money = readable_money(sheet)
    records = sheet_records(sheet)
    if fate.kind == "extra_column":
        sheet.extra_column = "export_batch"
        sheet.lines = [line + b",b7" for line in sheet.lines]
        faults.append(Fault("extra_column", "none", column="export_batch", value="b7"))
    if fate.kind == "late_file":
        faults.append(Fault("late_file", "none", value=f"{fate.days} days"))
    return PreparedFile(entity, name, file_bytes(sheet), records, tuple(faults), money)


def again(file: PreparedFile, stem: str) -> PreparedFile:
    """Return the same bytes under another name; its amounts do not count a second time."""
    fault = Fault("repeated_file", "duplicate", value=file.name)
    name = f"{stem}.{file.entity.kind.value}"
    return replace(file, name=name, faults=(fault,), money=None)


def empty_file(entity: EntityFormat, kind: str, stem: str) -> PreparedFile:
    """Return a file without a record: nothing at all, or (``header_only_file``) a header."""
    data = csv_header(entity) + b"\n" if kind == "header_only_file" else b""
    if entity.kind is FileKind.JSON_LINES_GZIP:
        data = zipped(data)
    name = f"{stem}.{entity.kind.value}"
    return PreparedFile(entity, name, data, None, (Fault(kind, "none"),))


def _cut_off(sheet: Sheet, rng: np.random.Generator, name: str) -> PreparedFile:
    data = file_bytes(sheet)
    cut = int(len(data) * rng.uniform(0.4, 0.9))
    while True:
        readable = zlib.decompressobj(wbits=31).decompress(data[:cut])
        complete = readable.count(b"\n")
        rest = readable[readable.rfind(b"\n") + 1 :]
        # The rest must be something: a cut exactly between two lines would lose no record.
        if len(rest) >= SHORTEST_REST or cut <= SHORTEST_REST:
            break
        cut -= 1
    line = complete + 1
    lost = _lost_row(line, rest, "truncated_gzip")
    records = pl.concat([sheet_records(sheet).head(complete), lost])
    faults = [fault for fault in sheet.faults if fault.line < line]
    faults.append(Fault("truncated_gzip", "quarantined:truncated_gzip", line))
    return PreparedFile(sheet.entity, name, data[:cut], records, tuple(faults))


def _lost_row(line: int, content: bytes, rule: str) -> pl.DataFrame:
    text = (len(content) << 32) + zlib.crc32(content)
    row = (line, None, NOBODY, None, text, rule, 0)
    return pl.DataFrame([row], schema=RECORD_SCHEMA, orient="row")
