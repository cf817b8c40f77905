"""CSV files become JSON objects; what is wrong with a row stays with that row."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from customer360.landing.formats import csv_table
from customer360.landing.formats.csv_rows import decode_csv
from customer360.landing.formats.decoded import UnreadableFileError

Rows = list[tuple[str, int, str | None]]
Decode = Callable[[str | bytes], Rows]


@pytest.fixture(params=[1, 7, 1 << 20], ids=["by byte", "by seven bytes", "at once"])
def decoded(request: pytest.FixtureRequest) -> Decode:
    """Decodes text handed over in portions of a size that must not matter."""

    def decode(text: str | bytes) -> Rows:
        data = text.encode() if isinstance(text, str) else text
        chunks = [data[i : i + request.param] for i in range(0, len(data), request.param)]
        return [tuple(row.values()) for batch in decode_csv(chunks) for row in batch.to_pylist()]

    return decode


def test_rows_become_objects_of_strings_by_header_name(decoded: Decode) -> None:
    assert decoded("id,name,city\n1,Ada,\n2,Grüße,東京\n") == [
        ('{"id":"1","name":"Ada","city":""}', 2, None),
        ('{"id":"2","name":"Grüße","city":"東京"}', 3, None),
    ]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_line_ends_and_mark_of_byte_order_are_not_data(decoded: Decode, line_end: str) -> None:
    text = line_end.join(["\ufeffid,name", "1,Ada", "", '2,"Bo"', ""])
    assert decoded(text) == [
        ('{"id":"1","name":"Ada"}', 2, None),
        ('{"id":"2","name":"Bo"}', 4, None),
    ]


@pytest.mark.parametrize("cut", ["", "\r"])
def test_last_line_may_lack_its_end_or_half_of_it(decoded: Decode, cut: str) -> None:
    assert decoded(f"id,name\r\n1,Ada{cut}") == [('{"id":"1","name":"Ada"}', 2, None)]


def test_one_column_keeps_empty_quoted_value_and_skips_empty_line(decoded: Decode) -> None:
    assert decoded('id\n\n""\nx\n') == [('{"id":""}', 3, None), ('{"id":"x"}', 4, None)]


def test_header_names_are_escaped_and_keep_their_spaces(decoded: Decode) -> None:
    assert decoded('"a""b", c\\\n1,2\n') == [('{"a\\"b":"1"," c\\\\":"2"}', 2, None)]


def test_quotes_commas_and_escapes_inside_values(decoded: Decode) -> None:
    text = 'id,name\n1,"Byron, Ada"\n2,"6"" nails"\n3,6" nails\n4,C:\\new\n5,"a\tb\0c"\n6,"",\n'
    assert decoded(text) == [
        ('{"id":"1","name":"Byron, Ada"}', 2, None),
        ('{"id":"2","name":"6\\" nails"}', 3, None),
        ('{"id":"3","name":"6\\" nails"}', 4, None),
        ('{"id":"4","name":"C:\\\\new"}', 5, None),
        ('{"id":"5","name":"a\\tb\\u0000c"}', 6, None),
        ('6,"",', 7, "wrong_field_count"),
    ]


def test_too_few_and_too_many_values_keep_the_raw_line(decoded: Decode) -> None:
    text = 'id,name\n1\n2,Bo\n3,Cy,x\n4,"D,E",y\n" "\n'
    assert decoded(text) == [
        ("1", 2, "wrong_field_count"),
        ('{"id":"2","name":"Bo"}', 3, None),
        ("3,Cy,x", 4, "wrong_field_count"),
        ('4,"D,E",y', 5, "wrong_field_count"),
        ('" "', 6, "wrong_field_count"),
    ]


def test_quoted_line_ends_belong_to_the_value(decoded: Decode) -> None:
    text = 'id,text\n1,"two\nlines"\n2,"with\r\n\r\nreturns, and ""quotes"""\r\n3,x\n'
    assert decoded(text) == [
        ('{"id":"1","text":"two\\nlines"}', 2, None),
        ('{"id":"2","text":"with\\r\\n\\r\\nreturns, and \\"quotes\\""}', 4, None),
        ('{"id":"3","text":"x"}', 7, None),
    ]


def test_forgotten_quote_costs_its_own_line_only(decoded: Decode) -> None:
    text = 'id,text\n1,"open\n2,good\n3,"quoted"\n4,"open again\n'
    assert decoded(text) == [
        ('1,"open', 2, "unclosed_quote"),
        ('{"id":"2","text":"good"}', 3, None),
        ('{"id":"3","text":"quoted"}', 4, None),
        ('4,"open again', 5, "unclosed_quote"),
    ]


def test_quote_open_for_more_than_twenty_lines_was_forgotten(decoded: Decode) -> None:
    def text(joined: int) -> str:
        return 'id,text\n1,"a' + "\nx,y" * joined + '"\n'

    whole = "a" + "\\nx,y" * 20
    assert decoded(text(20)) == [(f'{{"id":"1","text":"{whole}"}}', 2, None)]
    assert decoded(text(21)) == [
        ('1,"a', 2, "unclosed_quote"),
        *[('{"id":"x","text":"y"}', number, None) for number in range(3, 23)],
        ('{"id":"x","text":"y\\""}', 23, None),
    ]


def test_joined_lines_must_make_a_row_of_the_headers_width(decoded: Decode) -> None:
    assert decoded('id,text\n1,"a\nb",c\n') == [
        ('1,"a', 2, "unclosed_quote"),
        ('{"id":"b\\"","text":"c"}', 3, None),
    ]


def test_text_behind_a_closing_quote_is_a_stray_quote(decoded: Decode) -> None:
    assert decoded('id,text\n1,"a"b\n2,"a" \n3,c\n') == [
        ('1,"a"b', 2, "stray_quote"),
        ('2,"a" ', 3, "stray_quote"),
        ('{"id":"3","text":"c"}', 4, None),
    ]


def test_line_that_is_not_utf8_keeps_its_bytes_visible(decoded: Decode) -> None:
    data = b'id,text\n1,M\xfcller\n2,M\xc3\xbcller\n3,"a\nb\xe2\x82"\n4,x\n'
    assert decoded(data) == [
        (r"1,M\xfcller", 2, "bad_encoding"),
        ('{"id":"2","text":"Müller"}', 3, None),
        ('3,"a\nb\\xe2\\x82"', 4, "bad_encoding"),
        ('{"id":"4","text":"x"}', 6, None),
    ]


@pytest.mark.parametrize("text", ["", "\n\r\n", "\ufeff", "id,name", "id,name\n", "id,name\n\n"])
def test_nothing_but_a_header_is_no_record(decoded: Decode, text: str) -> None:
    assert decoded(text) == []


@pytest.mark.parametrize(
    "header", ["id,id", "id,", ",", '"id,name', 'id,"name"x'], ids=lambda header: repr(header)
)
def test_header_that_names_no_columns_makes_the_file_unreadable(
    decoded: Decode, header: str
) -> None:
    with pytest.raises(UnreadableFileError):
        decoded(header + "\n1,2\n")


def test_header_that_is_not_utf8_makes_the_file_unreadable(decoded: Decode) -> None:
    with pytest.raises(UnreadableFileError):
        decoded(b"id,n\xe4me\n1,2\n")


def test_rows_are_the_same_in_whatever_batches(
    decoded: Decode, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = 'id,text\n1,a\n2,"b\nc"\n3\n4,"d\n\n5,"e"\n6,"f""\ng"\n7,h\n'
    expected = [
        ('{"id":"1","text":"a"}', 2, None),
        ('{"id":"2","text":"b\\nc"}', 3, None),
        ("3", 5, "wrong_field_count"),
        ('4,"d', 6, "unclosed_quote"),
        ('{"id":"5","text":"e"}', 8, None),
        ('{"id":"6","text":"f\\"\\ng"}', 9, None),
        ('{"id":"7","text":"h"}', 11, None),
    ]
    for rows in (1, 2, 3, 100):
        monkeypatch.setattr(csv_table, "_MAX_ROWS", rows)
        assert decoded(text) == expected
