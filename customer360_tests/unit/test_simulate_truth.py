"""What truth/ says about the landed files, against a reader that knows only the files.

The reader below shares nothing with the simulator but the list of entities, their keys and clocks:
it decodes every file, judges every record by the rules of docs/landing.md and picks the current
versions, as the platform would.
"""

from __future__ import annotations

import csv
import functools
import gzip
import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest

from customer360.landing.simulate.fault_kinds import FAULT_KINDS, OPTIONAL_DATES, OPTIONAL_NUMBERS
from customer360.landing.simulate.formats import ENTITY_FORMATS, EntityFormat
from customer360.landing.simulate.parameters import FaultLevel
from customer360.landing.simulate.world import simulate

PEOPLE, DAYS = 500, 32
BOM = b"\xef\xbb\xbf"


class Read(NamedTuple):
    file: str
    line: int
    record: dict[str, Any] | None
    rule: str | None
    key: str | None = None
    clock: datetime | None = None
    issues: int = 0


def world(folder: Path, faults: FaultLevel) -> Path:
    simulate(folder / "landing", folder / "truth", customers=PEOPLE, days=DAYS, faults=faults)
    return folder


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return world(tmp_path_factory.mktemp("faulty"), FaultLevel.HIGH)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return world(tmp_path_factory.mktemp("clean"), FaultLevel.NONE)


def truth(folder: Path, table: str) -> pl.DataFrame:
    return pl.read_parquet(folder / "truth" / table / "*.parquet")


def physical_lines(data: bytes) -> list[bytes]:
    return data.removeprefix(BOM).split(b"\n")[:-1] if data else []


def decode_line(entity: EntityFormat, header: list[str], line: bytes) -> dict[str, Any] | str:
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return "bad_encoding"
    if entity.is_csv:
        if text.count('"') % 2:
            return "unclosed_quote"
        cells = next(csv.reader([text]))
        if len(cells) != len(header):
            return "wrong_field_count"
        return dict(zip(header, cells, strict=True))
    try:
        record = json.loads(text)
    except ValueError:
        return "malformed_json"
    return record if isinstance(record, dict) else "malformed_json"


def decode_file(entity: EntityFormat, name: str, data: bytes) -> Iterator[Read]:
    cut: bytes | None = None
    if name.endswith(".gz"):
        unzip = zlib.decompressobj(wbits=31)
        try:
            data = unzip.decompress(data)
        except zlib.error:
            yield Read(name, 0, None, "unreadable_file")
            return
        if not unzip.eof:
            data, _, cut = data.rpartition(b"\n")
            data += b"\n"
    if name.endswith(".json"):
        for number, record in enumerate(json.loads(data), 1):
            yield Read(name, number, record, None)
        return
    lines = physical_lines(data)
    first = 1 if entity.is_csv else 0
    header = lines[0].decode().split(",") if entity.is_csv and lines else []
    for number, line in enumerate(lines[first:], first + 1):
        found = decode_line(entity, header, line)
        is_bad = isinstance(found, str)
        yield Read(name, number, None if is_bad else found, found if is_bad else None)
    if cut is not None:
        yield Read(name, len(lines) + 1, None, "truncated_gzip")


def is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None


def is_number(value: object) -> bool:
    try:
        return Decimal(str(value)).is_finite()
    except InvalidOperation:
        return False


def required_values(entity: EntityFormat, record: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for column in entity.keys:
        yield "number" if column == "line_number" else "text", record.get(column)
    if entity.clock:
        yield "clock", record.get(entity.clock)
    if "total_amount" in entity.money:
        yield "number", record.get("total_amount")
    if entity.entity == "receipt_lines":
        yield "number", record.get("line_amount")
    for line in record.get("lines", []):
        yield "number", line.get("line_amount")
        yield "number", line.get("line_number")


def broken_rule(entity: EntityFormat, record: dict[str, Any], landed_on: date) -> str | None:
    for kind, value in required_values(entity, record):
        if is_blank(value):
            return "missing"
        if kind == "number" and not is_number(value):
            return "not_a_number"
        if kind == "clock":
            at = moment(value)
            if at is None:
                return "not_a_timestamp"
            if at.date() > landed_on + timedelta(days=1):
                return "after_landing_day"
    if not is_blank(record.get("currency")) and record["currency"] != "EUR":
        return "currency_not_supported"
    is_op_wrong = entity.entity == "contacts" and record.get("op") not in ("I", "U", "D")
    return "not_allowed" if is_op_wrong else None


def count_issues(entity: EntityFormat, record: dict[str, Any]) -> int:
    numbers = [record.get(name) for name in OPTIONAL_NUMBERS.get(entity.folder, ())]
    dates = [record.get(name) for name in OPTIONAL_DATES.get(entity.folder, ())]
    wrong = [value for value in numbers if not is_blank(value) and not is_number(value)]
    wrong += [value for value in dates if not is_blank(value) and moment(str(value)) is None]
    return len(wrong)


def judge(entity: EntityFormat, read: Read, landed_on: date) -> Read:
    if read.record is None:
        return read
    parts = [read.record.get(column) for column in entity.keys]
    key = None if any(is_blank(part) for part in parts) else "|".join(map(str, parts))
    rule = broken_rule(entity, read.record, landed_on)
    clock = moment(read.record[entity.clock]) if entity.clock and rule is None else None
    issues = 0 if rule else count_issues(entity, read.record)
    return read._replace(key=key, rule=rule, clock=clock, issues=issues)


def known_fields(entity: EntityFormat, record: dict[str, Any] | None) -> str:
    return json.dumps({name: (record or {}).get(name) for name in entity.columns}, sort_keys=True)


@functools.cache
def read_entity(folder: Path, entity: EntityFormat) -> list[Read]:
    """Every record of an entity in landing order, with the rule that quarantines it."""
    landing, reads = folder / "landing", []
    first: dict[str, str] = {}
    for path in sorted((landing / entity.folder).glob("dt=*/*")):
        landed_on = date.fromisoformat(path.parent.name.removeprefix("dt="))
        name = str(path.relative_to(landing))
        for read in decode_file(entity, name, path.read_bytes()):
            judged = judge(entity, read, landed_on)
            if entity.is_immutable and judged.rule is None and judged.key:
                content = known_fields(entity, judged.record)
                if first.setdefault(judged.key, content) != content:
                    judged = judged._replace(rule="conflicting_key", issues=0)
            reads.append(judged)
    return reads


def read_current(folder: Path, entity: EntityFormat) -> dict[str, Read]:
    current: dict[str, Read] = {}
    for read in read_entity(folder, entity):
        if read.rule is not None or read.key is None:
            continue
        held = current.get(read.key)
        # Reads come in landing order: of two with one moment the later one wins.
        is_newer = held is None or (
            not entity.is_immutable and read.clock is not None and read.clock >= held.clock
        )
        if is_newer:
            current[read.key] = read
    return current


def sums_of_files(folder: Path) -> dict[tuple[str, str | None], Decimal]:
    """Money of the current records: by entity and UTC day, receipt lines by entity alone."""
    formats = {entity.entity: entity for entity in ENTITY_FORMATS}
    sums: defaultdict[tuple[str, str | None], Decimal] = defaultdict(Decimal)
    for read in read_current(folder, formats["receipts"]).values():
        assert read.record is not None
        assert read.clock is not None
        sums["receipts", str(read.clock.date())] += Decimal(read.record["total_amount"])
    for read in read_current(folder, formats["receipt_lines"]).values():
        assert read.record is not None
        sums["receipt_lines", None] += Decimal(read.record["line_amount"])
    for read in read_current(folder, formats["orders"]).values():
        assert read.record is not None
        ordered = moment(read.record["ordered_at"])
        assert ordered is not None
        sums["orders", str(ordered.date())] += Decimal(read.record["total_amount"])
        for line in read.record["lines"]:
            sums["order_lines", str(ordered.date())] += Decimal(line["line_amount"])
    return {key: amount for key, amount in sums.items() if amount}


def sums_of_truth(folder: Path, column: str) -> dict[tuple[str, str | None], Decimal]:
    by_lines = pl.col("entity") == "receipt_lines"
    day = pl.when(~by_lines).then(pl.col("business_date").cast(pl.String))
    sums = truth(folder, "money").group_by("entity", day.alias("on")).agg(pl.col(column).sum())
    return {(entity, on): amount for entity, on, amount in sums.iter_rows() if amount}


@pytest.mark.parametrize("level", ["clean", "faulty"])
def test_truth_has_every_landed_record_with_its_outcome(
    level: str, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(level)
    found = {
        (read.file, read.line): (read.rule, read.key, read.issues, read.clock)
        for entity in ENTITY_FORMATS
        for read in read_entity(folder, entity)
    }
    rows = truth(folder, "records").with_columns(
        # Of a quarantined record truth tells the clock that was meant, which nobody can read.
        clock=pl.when(pl.col("rule").is_null() | (pl.col("rule") == "conflicting_key")).then(
            "version_at"
        )
    )
    columns = ("source_file", "line_number", "rule", "record_key", "issue_count", "clock")
    told = {row[:2]: row[2:] for row in rows.select(columns).iter_rows()}
    assert found.keys() == told.keys()
    different = {
        place: (found[place], told[place]) for place in told if found[place] != told[place]
    }
    assert different == {}
    assert rows.filter((pl.col("outcome") == "usable") != pl.col("rule").is_null()).is_empty()


def test_truth_knows_which_records_are_identical(faulty: Path) -> None:
    rows = truth(faulty, "records").filter(pl.col("outcome") == "usable")
    content = {
        row[:2]: row[2] for row in rows.select("source_file", "line_number", "content").rows()
    }
    for entity in ENTITY_FORMATS:
        texts: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for read in read_entity(faulty, entity):
            if read.rule is None and read.key:
                text = json.dumps(read.record, sort_keys=True)
                mark = content[read.file, read.line]
                assert texts[read.key].setdefault(text, mark) == mark
                assert len(set(texts[read.key].values())) == len(texts[read.key])


@pytest.mark.parametrize("level", ["clean", "faulty"])
def test_money_that_is_readable_equals_the_files(
    level: str, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(level)
    assert sums_of_truth(folder, "amount_landed") == sums_of_files(folder)


def test_money_that_happened_does_not_depend_on_faults(clean: Path, faulty: Path) -> None:
    assert sums_of_truth(faulty, "amount_true") == sums_of_truth(clean, "amount_true")
    assert sums_of_truth(clean, "amount_true") == sums_of_truth(clean, "amount_landed")
    assert sums_of_truth(faulty, "amount_true") != sums_of_truth(faulty, "amount_landed")


def test_nothing_is_wrong_in_a_world_without_faults(clean: Path) -> None:
    assert truth(clean, "faults").is_empty()
    assert truth(clean, "records")["outcome"].unique().to_list() == ["usable"]


def test_every_kind_of_fault_occurs(faulty: Path) -> None:
    assert set(truth(faulty, "faults")["kind"]) == set(FAULT_KINDS)


def test_every_fault_of_a_line_is_where_truth_says(faulty: Path) -> None:
    outcome = {
        (row[0], row[1]): row[2:]
        for row in truth(faulty, "records")
        .select("source_file", "line_number", "rule", "issue_count")
        .iter_rows()
    }
    wrong = Counter[str]()
    for fault in truth(faulty, "faults").filter(pl.col("line_number") > 0).iter_rows(named=True):
        rule, issues = outcome[fault["source_file"], fault["line_number"]]
        expected = fault["expected"]
        if expected.startswith("quarantined:"):
            is_met = f"quarantined:{rule}" == expected
        else:
            is_met = rule is None and issues == (expected == "issue")
        if fault["value"] and not fault["source_file"].endswith(".gz"):
            path = faulty / "landing" / fault["source_file"]
            offset = 0 if path.suffix == ".json" else 1
            is_met &= (
                fault["value"]
                in path.read_text(errors="replace").split("\n")[fault["line_number"] - offset]
            )
        wrong[fault["kind"]] += not is_met
    assert {kind: count for kind, count in wrong.items() if count} == {}


def name_day(path: Path) -> str:
    return path.name.partition("-late-")[2][:8] or "no day in the name"


def test_every_fault_of_a_file_is_what_truth_says(faulty: Path) -> None:
    looks = {
        "late_file": lambda path, _: name_day(path) < path.parent.name[3:].replace("-", ""),
        "byte_order_mark": lambda _, data: data.startswith(BOM),
        "extra_column": lambda _, data: data.split(b"\n")[0].endswith(b",export_batch"),
        "empty_file": lambda path, data: (gzip.decompress(data) if path.suffix == ".gz" else data)
        == b"",
        "header_only_file": lambda _, data: data.count(b"\n") == 1,
        "unreadable_file": lambda _, data: not data.startswith(b"\x1f\x8b"),
        "renamed_field": lambda _, data: b'"phone_number":' in data,
        "repeated_file": lambda path, data: data in {
            other.read_bytes()
            for other in path.parent.parent.glob("dt=*/*")
            if other.parent.name < path.parent.name
        },
    }  # fmt: skip
    files = truth(faulty, "faults").filter(pl.col("line_number") == 0)
    wrong = []
    for fault in files.iter_rows(named=True):
        path = faulty / "landing" / fault["source_file"]
        if not looks[fault["kind"]](path, path.read_bytes()):
            wrong.append((fault["kind"], fault["source_file"]))
    assert wrong == []
