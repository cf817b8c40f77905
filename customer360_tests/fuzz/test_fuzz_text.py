"""JSON Lines and CSV of any kind give the rows that a slow, independent reading gives."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer360.landing.formats import lines
from customer360_tests.fuzz_cases import bronze_of, one_case
from customer360_tests.fuzz_files import (
    HALF_JSON,
    NOISE,
    PORTIONS,
    TEXT_FILES,
    as_csv,
    csv_files,
    damaged,
    json_lines_files,
    zipped,
)
from customer360_tests.fuzz_oracles import (
    BOM,
    UNREADABLE,
    Limits,
    csv_rows,
    inflated,
    json_lines,
    judged,
)

SHORT = Limits(longest=40, kept=10)
# Whichever bytes a writer puts first.
MARK = st.sampled_from([b"", b"", BOM, b"\n", b"\r\n", b"\xff\xfe"])


@given(mark=MARK, data=damaged(json_lines_files() | NOISE), portion=PORTIONS)
def test_each_line_of_json_lines_is_one_row(
    landing: Path, mark: bytes, data: bytes, portion: int
) -> None:
    with one_case():
        found = bronze_of(landing, "a.jsonl", mark + data, portion)
        assert found == judged(json_lines(mark + data))


@given(lines=st.lists(HALF_JSON, min_size=3, max_size=12))
def test_only_what_every_reader_of_json_takes_is_a_record(landing: Path, lines: list[str]) -> None:
    data = "\n".join(lines).encode()
    with one_case():
        assert bronze_of(landing, "a.jsonl", data) == judged(json_lines(data))


@given(mark=MARK, data=damaged(csv_files() | NOISE), portion=PORTIONS)
def test_csv_is_read_as_by_the_book(landing: Path, mark: bytes, data: bytes, portion: int) -> None:
    with one_case():
        found = bronze_of(landing, "a.csv", mark + data, portion)
        assert found == judged(csv_rows(mark + data))


@given(rows=st.lists(NOISE, max_size=8), end=st.sampled_from([b"\n", b"\r\n"]), portion=PORTIONS)
def test_rows_of_noise_below_a_good_header_are_read_as_by_the_book(
    landing: Path, rows: list[bytes], end: bytes, portion: int
) -> None:
    data = b"a,b" + end + b"".join(row + end for row in rows)
    with one_case():
        assert bronze_of(landing, "a.csv", data, portion) == judged(csv_rows(data))


@given(data=damaged(TEXT_FILES), portion=st.integers(1, SHORT.longest), is_csv=st.booleans())
def test_lines_about_as_long_as_the_limit_are_kept_or_cut(
    landing: Path, data: bytes, portion: int, is_csv: bool
) -> None:
    with one_case(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "LONGEST_LINE", SHORT.longest)
        patch.setattr(lines, "_KEPT_OF_TOO_LONG", SHORT.kept)
        name, read = ("a.csv", csv_rows) if is_csv else ("a.jsonl", json_lines)
        assert bronze_of(landing, name, data, portion) == judged(read(data, SHORT))


@given(
    before=st.lists(st.sampled_from("abcé\U0001f600"), max_size=5),
    bad=damaged(csv_files() | NOISE, most=2).map(lambda data: data.replace(b"\n", b"")),
    after=st.lists(st.sampled_from("xyz"), min_size=1, max_size=5),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_one_bad_csv_line_costs_no_other(
    landing: Path, before: list[str], bad: bytes, after: list[str], quoting: int
) -> None:
    head = as_csv([["id", "text", "more"], *([text, "1", ""] for text in before)], quoting=quoting)
    tail = as_csv([[text, "2", "long"] for text in after], quoting=quoting)
    with one_case():
        found = bronze_of(landing, "a.csv", head + bad + b"\n" + tail)
        first, last = len(before) + 3, len(before) + 3 + len(after)
        good = [f'{{"id":"{text}","text":"2","more":"long"}}' for text in after]
        expected = list(zip(good, range(first, last), [None] * len(good), strict=True))
        assert found[-len(after) :] == expected
        assert [row[1:] for row in found[: len(before)]] == [
            (number, None) for number in range(2, len(before) + 2)
        ]
        assert len(found) in (len(before) + len(after), len(before) + len(after) + 1)


@given(
    data=st.one_of(json_lines_files(), csv_files(), NOISE),
    hurt=damaged(st.just(b""), most=1),
    at=st.integers(0, 400),
    cut=st.integers(1, 60) | st.none(),
    portion=PORTIONS,
    is_csv=st.booleans(),
)
def test_damaged_gzip_gives_all_that_comes_before_the_damage(
    landing: Path, data: bytes, hurt: bytes, at: int, cut: int | None, portion: int, is_csv: bool
) -> None:
    whole = zipped(data[: len(data) // 2]) + zipped(data[len(data) // 2 :])
    stored = (whole[:at] + hurt + whole[at + len(hurt) :])[: -cut if cut else None]
    text, fault = inflated(stored)
    with one_case():
        name, read = ("a.csv.gz", csv_rows) if is_csv else ("a.jsonl.gz", json_lines)
        expected = read(text, cut=fault)
        if fault == "unreadable_file" and UNREADABLE not in expected:
            expected.append(UNREADABLE)
        assert bronze_of(landing, name, stored, portion) == judged(expected)
