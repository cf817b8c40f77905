"""JSON Lines stay byte for byte; arrays are cut into exact elements; a broken one costs itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa
import pytest

from customer360.landing.formats import lines
from customer360.landing.formats.json_document import decode_json
from customer360.landing.formats.jsonl import decode_json_lines

Rows = list[tuple[str, int, str | None]]
Decode = Callable[..., Rows]
Reader = Callable[[Iterable[bytes]], Iterator[pa.RecordBatch]]


@pytest.fixture(params=[1, 7, 1 << 20], ids=["by byte", "by seven bytes", "at once"])
def decoded(request: pytest.FixtureRequest) -> Decode:
    """Decodes text handed over in portions of a size that must not matter."""

    def decode(text: str | bytes, reader: Reader = decode_json) -> Rows:
        data = text.encode() if isinstance(text, str) else text
        chunks = [data[i : i + request.param] for i in range(0, len(data), request.param)]
        return [tuple(row.values()) for batch in reader(chunks) for row in batch.to_pylist()]

    return decode


def test_json_lines_are_kept_byte_for_byte(decoded: Decode) -> None:
    text = '\ufeff{ "b": 1.50,  "a":"é\\u00e9\0"}\r\n\n \t \n{"id":\n not json\n  {"id":3}\rx'
    assert decoded(text, decode_json_lines) == [
        ('{ "b": 1.50,  "a":"é\\u00e9\0"}', 1, None),
        ('{"id":', 4, None),
        (" not json", 5, None),
        ('  {"id":3}\rx', 6, None),
    ]


def test_json_line_that_is_not_utf8_keeps_its_bytes_visible(decoded: Decode) -> None:
    data = b'{"id":1}\n{"id":"\xff\xfe"}\n\n{"id":"\xc3\xa9"}\n\xe2\x82'
    assert decoded(data, decode_json_lines) == [
        ('{"id":1}', 1, None),
        ('{"id":"\\xff\\xfe"}', 2, "bad_encoding"),
        ('{"id":"é"}', 4, None),
        ("\\xe2\\x82", 5, "bad_encoding"),
    ]


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", " \r\n", "\ufeff\n"])
def test_blank_files_have_no_records(decoded: Decode, text: str) -> None:
    assert decoded(text, decode_json_lines) == []
    assert decoded(text) == []


@pytest.mark.parametrize("size", [1, 7, 20])
@pytest.mark.parametrize("last", ["y" * 19 + "\n", "y" * 20])
def test_line_that_would_fill_the_memory_is_cut(
    monkeypatch: pytest.MonkeyPatch, size: int, last: str
) -> None:
    monkeypatch.setattr(lines, "LONGEST_LINE", 20)
    monkeypatch.setattr(lines, "_KEPT_OF_TOO_LONG", 4)
    data = f'{{"id":1}}\n{"x" * 20}\n{{"id":3}}\n{"z" * 90}\n{last}'.encode()
    chunks = [data[i : i + size] for i in range(0, len(data), size)]
    rows = [tuple(row.values()) for b in decode_json_lines(chunks) for row in b.to_pylist()]
    assert rows == [
        ('{"id":1}', 1, None),
        ("xxxx", 2, "line_too_long"),
        ('{"id":3}', 3, None),
        ("zzzz", 4, "line_too_long"),
        (last.rstrip(), 5, None),
    ]


def test_array_elements_are_exact_slices(decoded: Decode) -> None:
    text = '\n [ {"b": 1.0, "a":[{"c":"],}"}]} ,{"n":9007199254740993e-2},\n"x", 5,null,\n[1]]\n'
    assert decoded(text) == [
        ('{"b": 1.0, "a":[{"c":"],}"}]}', 1, None),
        ('{"n":9007199254740993e-2}', 2, None),
        ('"x"', 3, None),
        ("5", 4, None),
        ("null", 5, None),
        ("[1]", 6, None),
    ]


@pytest.mark.parametrize("text", ["[]", " [ \n]\n", "\ufeff[]"])
def test_empty_array_has_no_records(decoded: Decode, text: str) -> None:
    assert decoded(text) == []


def test_comma_behind_the_last_element_is_let_pass(decoded: Decode) -> None:
    assert decoded('[{"id":1},\n]') == [('{"id":1}', 1, None)]


def test_number_of_any_length_is_a_number(decoded: Decode) -> None:
    digits = "7" * 5000
    assert decoded(f"[{digits}]") == [(digits, 1, None)]


def test_element_nested_too_deeply_is_malformed(decoded: Decode) -> None:
    deep = "[" * 100_000 + "]" * 100_000
    assert decoded(f'[{deep},{{"id":2}}]') == [
        (deep, 1, "malformed_json"),
        ('{"id":2}', 2, None),
    ]


@pytest.mark.parametrize(
    "broken",
    [
        '{"id": oops}',
        '{"id": 1,}',
        "{'id': 1}",
        '{"id": [{"x":1}, {"x":2,}], "y": {}}',
        '{"id": "open}',
        '{"id": {"x": 1}',
        '{"id": [1}',
        '{"id": oops, "lines": [{"n":1},{"n":2},{"n":3}]}',
        '{"id": 2}}',
        "oops",
    ],
)
@pytest.mark.parametrize("between", [",", ",\n", " ,\n  ", "\n, "], ids=repr)
def test_broken_element_costs_itself_only(decoded: Decode, broken: str, between: str) -> None:
    text = "[" + between.join(['{"id":1}', broken, '{"id":3}', '{"id":4}']) + "]"
    assert decoded(text) == [
        ('{"id":1}', 1, None),
        (broken, 2, "malformed_json"),
        ('{"id":3}', 3, None),
        ('{"id":4}', 4, None),
    ]


def test_two_broken_elements_on_lines_of_their_own_stay_two(decoded: Decode) -> None:
    text = '[\n  {"id": "open},\n  {"id": 2\n    , "x": [{"y": "},\n  {"id":3}\n]'
    assert decoded(text) == [
        ('{"id": "open}', 1, "malformed_json"),
        ('{"id": 2\n    , "x": [{"y": "}', 2, "malformed_json"),
        ('{"id":3}', 3, None),
    ]


def test_list_inside_a_broken_element_is_not_taken_for_elements(decoded: Decode) -> None:
    text = '[{"id": "open, "lines":[{"n":1},{"n":2}]},{"id":2}]'
    assert decoded(text) == [
        ('{"id": "open, "lines":[{"n":1},{"n":2}]}', 1, "malformed_json"),
        ('{"id":2}', 2, None),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"id":1},{"id":2', [('{"id":1}', 1, None), ('{"id":2', 2, "malformed_json")]),
        ('[{"id":1},', [('{"id":1}', 1, None), ("", 2, "malformed_json")]),
        ('[{"id":1}', [('{"id":1}', 1, None), ("", 2, "malformed_json")]),
        ("[1, 12", [("1", 1, None), ("12", 2, "malformed_json")]),
        ("[", [("", 1, "malformed_json")]),
        ('[{"id":1}] and more', [('{"id":1}', 1, None), ("and more", 2, "malformed_json")]),
    ],
)
def test_array_that_does_not_end_keeps_its_complete_elements(
    decoded: Decode, text: str, expected: Rows
) -> None:
    assert decoded(text) == expected


def test_element_that_is_not_utf8_keeps_its_bytes_visible(decoded: Decode) -> None:
    assert decoded(b'[{"id":"\xc3\xa9"},{"id":"\xe9"},\xe9]') == [
        ('{"id":"é"}', 1, None),
        ('{"id":"\\xe9"}', 2, "bad_encoding"),
        ("\\xe9", 3, "bad_encoding"),
    ]


def test_one_object_on_many_lines_is_one_record(decoded: Decode) -> None:
    assert decoded('\ufeff\n{\n  "id": 1\n}\n') == [('{\n  "id": 1\n}', 1, None)]
    assert decoded(b'{\n"id": "\xe9"}') == [('{\n"id": "\\xe9"}', 1, "bad_encoding")]


def test_object_that_does_not_end_is_one_malformed_record(decoded: Decode) -> None:
    assert decoded('{\n  "id": 1,\n') == [('{\n  "id": 1,\n', 1, "malformed_json")]


def test_json_file_of_one_object_a_line_is_json_lines(decoded: Decode) -> None:
    assert decoded('\n{"id":1}\n\n{"id":2}\n') == [('{"id":1}', 2, None), ('{"id":2}', 4, None)]
    assert decoded('{"id":\n{"id":2}\n') == [('{"id":', 1, None), ('{"id":2}', 2, None)]
    assert decoded("no json\nat all\n") == [("no json", 1, None), ("at all", 2, None)]
