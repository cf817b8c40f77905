"""JSON files, Parquet files, and files of the wrong name: nothing is lost, nothing raises."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer360.landing.formats import lines
from customer360.landing.formats.decoded import DECODE_ERRORS
from customer360_tests.fuzz_cases import bronze_of, one_case
from customer360_tests.fuzz_files import (
    HALF_JSON,
    NOISE,
    OBJECTS,
    PORTIONS,
    TEXT_ENDINGS,
    TEXT_FILES,
    array_files,
    as_parquet,
    damaged,
    json_lines_files,
    parquet_files,
    parquet_tables,
    zipped,
)
from customer360_tests.fuzz_oracles import (
    BOM,
    UNREADABLE,
    Rows,
    is_strict_object,
    json_lines,
    judged,
    safe,
    weight,
)

_GAPS = st.sampled_from(["", " ", "\n", "\r\n  ", "\t"])


def check_shape(found: Rows) -> None:
    """What holds for the rows of any file."""
    numbers = [row[1] for row in found if row != UNREADABLE]
    assert numbers == sorted(set(numbers))
    assert all(number > 0 for number in numbers)
    assert UNREADABLE not in found[:-1]
    for record, _, fault in found:
        assert fault in (None, *DECODE_ERRORS)
        assert fault or is_strict_object(record)


@given(
    data=damaged(array_files() | json_lines_files() | NOISE | HALF_JSON.map(str.encode)),
    portion=PORTIONS,
)
def test_json_file_is_lines_or_one_value_or_an_array(
    landing: Path, data: bytes, portion: int
) -> None:
    with one_case():
        found = bronze_of(landing, "a.json", data, portion)
        check_shape(found)
        text = safe(data.removeprefix(BOM))
        if text.lstrip(" \t\r\n").startswith("["):
            assert weight(row[0] for row in found) == weight([text])
        elif found != judged(json_lines(data)):
            assert [row[0].strip() for row in found] == [text.strip()]


@given(texts=st.lists(HALF_JSON, min_size=1, max_size=5), gap=_GAPS, portion=PORTIONS)
def test_array_of_broken_elements_loses_no_character(
    landing: Path, texts: list[str], gap: str, portion: int
) -> None:
    text = "[" + f"{gap},{gap}".join(texts) + f"{gap}]"
    with one_case():
        found = bronze_of(landing, "a.json", text.encode(), portion)
        check_shape(found)
        assert weight(row[0] for row in found) == weight([text])


@given(
    records=OBJECTS.filter(bool),
    bad=st.text(alphabet='{}":,x\\ 1', max_size=12).map(lambda text: "{" + text),
    at=st.integers(0, 6),
    portion=PORTIONS,
)
def test_one_broken_element_on_a_line_of_its_own_costs_no_other(
    landing: Path, records: list[dict[str, object]], bad: str, at: int, portion: int
) -> None:
    good = [json.dumps({"id": n, **record}) for n, record in enumerate(records)]
    text = "[\n" + ",\n".join([*good[:at], bad, *good[at:]]) + "\n]"
    with one_case():
        found = bronze_of(landing, "a.json", text.encode(), portion)
        check_shape(found)
        assert [row[0] for row in found if row[0] in good] == good


@given(data=damaged(array_files() | json_lines_files()), cut=st.integers(1, 40), portion=PORTIONS)
def test_cut_gzip_of_a_json_file_loses_no_character(
    landing: Path, data: bytes, cut: int, portion: int
) -> None:
    with one_case():
        found = bronze_of(landing, "a.json.gz", zipped(data)[:-cut], portion)
        check_shape(found)
        assert found[-1][2] == "truncated_gzip"
        assert found == bronze_of(landing, "a.json.gz", zipped(data)[:-cut])


@given(data=damaged(array_files()), flip=st.integers(0, 400), portion=PORTIONS)
def test_corrupt_gzip_of_a_json_file_keeps_what_comes_before(
    landing: Path, data: bytes, flip: int, portion: int
) -> None:
    stored = bytearray(zipped(data))
    stored[flip % len(stored)] ^= 0x55
    with one_case():
        found = bronze_of(landing, "a.json.gz", bytes(stored), portion)
        check_shape(found)
        assert found == bronze_of(landing, "a.json.gz", bytes(stored))


@given(
    data=damaged(TEXT_FILES | parquet_files() | TEXT_FILES.map(zipped)),
    ending=st.sampled_from([*TEXT_ENDINGS, "parquet", "xml", "PARQUET", "csv.gz.gz"]),
    is_gzip=st.booleans(),
    portion=PORTIONS,
)
def test_any_bytes_under_any_name_are_rows(
    landing: Path, data: bytes, ending: str, is_gzip: bool, portion: int
) -> None:
    name = f"a.{ending}{'.gz' if is_gzip else ''}"
    with one_case():
        found = bronze_of(landing, name, data, portion)
        check_shape(found)
        assert found == bronze_of(landing, name, data)


@given(data=damaged(TEXT_FILES), portion=st.integers(1, 40), is_gzip=st.booleans())
def test_records_of_a_json_file_about_as_long_as_the_limit_are_kept_or_cut(
    landing: Path, data: bytes, portion: int, is_gzip: bool
) -> None:
    with one_case(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "LONGEST_LINE", 40)
        patch.setattr(lines, "_KEPT_OF_TOO_LONG", 10)
        name = "a.json.gz" if is_gzip else "a.json"
        found = bronze_of(landing, name, zipped(data) if is_gzip else data, portion)
        check_shape(found)
        # A byte that is no text takes four characters.
        assert all(len(row[0]) <= 40 for row in found if row[2] == "line_too_long")


@given(table=parquet_tables())
def test_each_row_of_a_parquet_table_is_one_object(landing: Path, table: pa.Table) -> None:
    names = table.column_names
    with one_case():
        found = bronze_of(landing, "a.parquet", as_parquet(table))
        if len(set(names)) < len(names):
            assert found == [UNREADABLE]
            return
        assert [row[1:] for row in found] == [(n + 1, None) for n in range(table.num_rows)]
        read = [json.loads(row[0]) for row in found]
        assert all(list(values) == names for values in read)
        # Python has no dates beyond the year 9999, so only what it has is compared.
        for name in names:
            if table.schema.field(name).type in (pa.string(), pa.int64(), pa.uint64(), pa.bool_()):
                assert [values[name] for values in read] == table[name].to_pylist()


@given(data=damaged(parquet_files(), most=3))
def test_damaged_parquet_is_rows_or_unreadable(landing: Path, data: bytes) -> None:
    with one_case():
        found = bronze_of(landing, "a.parquet", data)
        check_shape(found)
        assert found == bronze_of(landing, "a.parquet", data)
