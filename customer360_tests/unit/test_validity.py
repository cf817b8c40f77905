"""What counts as a JSON object: only what every reader takes for the same one."""

from __future__ import annotations

import pyarrow as pa
import pytest

from customer360.landing.decode import BRONZE_SCHEMA
from customer360.landing.validity import DEEPEST_NESTING, judged
from customer360_tests.builders import DAY, NOW


def errors(*records: str) -> list[str | None]:
    rows = [
        {"record": r, "source_file": "f", "line_number": n, "batch_id": "b"}
        | {"ingested_at": NOW, "landed_on": DAY}
        for n, r in enumerate(records, start=1)
    ]
    (batch,) = judged([pa.RecordBatch.from_pylist(rows, schema=BRONZE_SCHEMA)])
    return list(batch.column("decode_error").to_pylist())


def nested(times: int) -> str:
    """An object with lists inside, so many brackets deep."""
    return '{"b":"NaN","a":' + "[" * (times - 1) + "]" * (times - 1) + "}"


@pytest.mark.parametrize(
    "record",
    [
        '{"a":1}',
        '\t\r\n {"a":1}\n',
        '{"a":"nan, inf, 1e999, NaN,]","b":[ ]}',
        '{"a":[0,-0.5,1e308,1E-400,"\\ud83d\\ude00"]}',
        '{"a":1,"a":2}',
        nested(DEEPEST_NESTING),
        '{"a":"' + "[{" * 500 + '"}',
    ],
)
def test_object_that_every_reader_takes_is_a_record(record: str) -> None:
    assert errors(record) == [None]


@pytest.mark.parametrize("value", ["nan", "NaN", "-nAN", "inf", "Inf", "-Infinity", " \t NAN"])
def test_not_a_number_is_malformed_in_any_spelling(value: str) -> None:
    records = f'{{"a":{value}}}', f'{{"a":[1,{value}]}}', f'{{"a":[{value}]}}'
    assert errors(*records) == ["malformed_json"] * 3


@pytest.mark.parametrize("gap", ["", " ", "  ", "\n", "\t", "\r\n"])
def test_comma_behind_the_last_value_is_malformed_whatever_follows_it(gap: str) -> None:
    assert errors(f'{{"a":1,{gap}}}', f'{{"a":[1,{gap}]}}') == ["malformed_json"] * 2


@pytest.mark.parametrize("number", ["1e999", "-1E+400", "7" * 310, "7" * 5000, "9" * 305 + "e9"])
def test_number_beyond_a_double_is_malformed(number: str) -> None:
    assert errors(f'{{"a":{number}}}', f'{{"a":{number},"b":"NaN"}}') == ["malformed_json"] * 2


@pytest.mark.parametrize("times", [DEEPEST_NESTING + 1, 2_000, 100_000])
def test_nesting_that_an_engine_does_not_read_is_malformed(times: int) -> None:
    assert errors(nested(times), '{"a":1}') == ["malformed_json", None]


@pytest.mark.parametrize("text", ["\\ud800", "\\ude00\\ud83d", "\\x", "\x01", "\0"])
def test_text_that_no_encoding_has_is_malformed(text: str) -> None:
    assert errors(f'{{"a":"{text}"}}') == ["malformed_json"]


@pytest.mark.parametrize("around", ["\ufeff", "\v", "\xa0", "\0"])
def test_what_is_no_white_space_of_json_may_not_stand_around(around: str) -> None:
    assert errors(f'{around}{{"a":1}}', f'{{"a":1}}{around}') == ["malformed_json"] * 2
