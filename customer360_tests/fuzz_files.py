"""Landing files to be afraid of: good ones, what is left of them after accidents, and noise."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

_TOKENS: Final[tuple[bytes, ...]] = (
    *(bytes([byte]) for byte in b'"\\,:{}[]\r\n\t\v\f\0 -+.0eEa\x1f\x7f\x85\xa0\xc3\xe2\xff'),
    *(b"\r\n", b"\n\n", b'""', b'"\n"', b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\x80"),
    *("é".encode(), "\u2028".encode(), "\U0001f600".encode(), "\u202eabc".encode()),
    *(b"null", b"true", b"NaN", b"nan", b"-Infinity", b"inf", b"1e999", b"-0", b"01", b"9" * 400),
    *(b"\\ud800", b"\\ude00", b"\\ud83d\\ude00", b"\\u0000", b"\\x", b"//", b"/**/", b"'"),
    *(b'{"a":1}', b'{"a":1,}', b"[[", b"]]", b"},\n{", b'{"a":', b"[1,2]", b"[" * 110, b"]" * 110),
    *(b"id,name\n", b'1,"a\nb"\n', b"=1+1", b"NULL", b"x" * 300, b"PAR1", b"\x1f\x8b\x08\0"),
)
_ODD_TEXT: Final = st.text(alphabet='a,"\\\n\r\t\0\v\x85\x1e é\u2028\u202e\U0001f600', max_size=8)
TEXT: Final = st.one_of(_ODD_TEXT, st.text(st.characters(codec="utf-8"), max_size=12))
_SCALARS: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXT,
)
VALUES: Final = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
OBJECTS: Final = st.lists(st.dictionaries(TEXT, VALUES, max_size=4), max_size=6)
NOISE: Final = st.one_of(
    st.binary(max_size=120),
    st.lists(st.sampled_from(_TOKENS), max_size=40).map(b"".join),
)
PORTIONS: Final = st.sampled_from([1, 2, 3, 7, 64, 1 << 20])
TEXT_ENDINGS: Final = ("jsonl", "ndjson", "json", "csv")


def as_lines(records: list[dict[str, Any]], end: str = "\n", *, ascii_only: bool = False) -> bytes:
    """JSON Lines of records."""
    texts = [json.dumps(record, ensure_ascii=ascii_only) for record in records]
    return "".join(f"{text}{end}" for text in texts).encode()


def as_csv(rows: list[list[str]], **dialect: Any) -> bytes:
    """CSV of rows, the header among them."""
    out = io.StringIO(newline="")
    csv.writer(out, **dialect).writerows(rows)
    return out.getvalue().encode("utf-8", "surrogatepass")


def as_parquet(table: pa.Table, **options: Any) -> bytes:
    """A Parquet file."""
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


# Values that some reader of JSON takes and another does not, and spaces likewise.
_HALF_JSON: Final = st.sampled_from(
    [
        *("nan", "NaN", "-inf", "Infinity", "-Infinity", "iNF", "nAn", "null", "nul", "True", "-"),
        *("01", ".5", "1.", "+1", "0x1", "1e999", "-1e400", "1e-400", "1e308", "-0", "7" * 310),
        *('"\\ud800"', '"\\ude00\\ud83d"', '"\\ud83d\\ude00"', '"\\u0000"', '"\\\\ud800"', '"\\"'),
        *('"\\x"', '"\x01"', '"NaN,]"', '"a, inf"', '"', "'1'", "1,2", "{}", "[]", "7" * 5000),
        *("[" * 98 + "]" * 98, "[" * 99 + "]" * 99, "[" * 100 + "]" * 100, "[" * 2000 + "]" * 2000),
        *('{"a":' * 3000 + "1" + "}" * 3000, '"NaN",' * 3 + "1"),
    ]
)
_GAP: Final = st.sampled_from(["", "", "", " ", "\t", "  ", "\r", "\v", "\xa0", "\ufeff", "\0"])


@st.composite
def _half_object(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    values = draw(st.lists(inner, max_size=3))
    keys = st.sampled_from(['"a"', '"b"', '""', "a", "1"])
    members = [f"{draw(keys)}:{draw(_GAP)}{value}{draw(_GAP)}" for value in values]
    comma = draw(st.sampled_from(["", "", "", ",", " , "]))
    return f"{draw(_GAP)}{{{','.join(members)}{comma}{draw(_GAP)}}}"


@st.composite
def _half_list(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    comma = draw(st.sampled_from(["", "", "", ",", ", \t"]))
    return f"[{','.join(draw(st.lists(inner, max_size=3)))}{comma}{draw(_GAP)}]"


HALF_JSON: Final = st.recursive(
    _HALF_JSON | _SCALARS.map(json.dumps),
    lambda inner: _half_list(inner) | _half_object(inner),
    max_leaves=5,
).flatmap(lambda value: st.sampled_from([value, f'{{"a":{value}}}', f' {{"a":{value},"b":2}}']))


@st.composite
def json_lines_files(draw: st.DrawFn) -> bytes:
    end = draw(st.sampled_from(["\n", "\r\n", "\n\n", " \n", "\r\r\n"]))
    return as_lines(draw(OBJECTS), end, ascii_only=draw(st.booleans()))


@st.composite
def array_files(draw: st.DrawFn) -> bytes:
    indent = draw(st.sampled_from([None, 0, 2, "\t"]))
    return json.dumps(draw(OBJECTS), indent=indent, ensure_ascii=draw(st.booleans())).encode()


@st.composite
def csv_files(draw: st.DrawFn) -> bytes:
    """Any dialect, so that what is read may not be what was meant."""
    width = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(TEXT, min_size=width, max_size=width), max_size=8))
    escape = draw(st.sampled_from([None, "\\"]))
    return as_csv(
        [[f"c{i}" for i in range(width)], *rows],
        delimiter=draw(st.sampled_from([",", ",", ",", ";", "\t", "|"])),
        lineterminator=draw(st.sampled_from(["\n", "\r\n", "\r"])),
        quotechar=draw(st.sampled_from(['"', '"', '"', "'"])),
        escapechar=escape,
        doublequote=escape is None,
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])),
    )


_COLUMNS: Final[tuple[tuple[pa.DataType, st.SearchStrategy[Any]], ...]] = (
    (pa.string(), TEXT),
    (pa.large_string(), TEXT),
    (pa.binary(), st.binary(max_size=6)),
    (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    (pa.uint64(), st.integers(0, 2**64 - 1)),
    (pa.float64(), st.floats()),
    (pa.float32(), st.floats(width=32)),
    (pa.float16(), st.floats(width=16)),
    (pa.bool_(), st.booleans()),
    (pa.date32(), st.integers(-800_000, 3_000_000)),
    (pa.time64("us"), st.integers(0, 86_399_999_999)),
    (pa.duration("ms"), st.integers(-(2**40), 2**40)),
    (pa.timestamp("us"), st.integers(-(2**63), 2**63 - 1)),
    (pa.timestamp("ns", "Europe/Berlin"), st.integers(-(2**63), 2**63 - 1)),
    (pa.decimal128(38, 10), st.decimals(-(10**20), 10**20, places=10)),
    (pa.decimal256(60, 2), st.decimals(-(10**50), 10**50, places=2)),
    (pa.list_(pa.int32()), st.lists(st.integers(-9, 9) | st.none(), max_size=3)),
    (pa.list_(pa.string()), st.lists(TEXT | st.none(), max_size=3)),
    (
        pa.struct([("a", pa.string()), ("b", pa.timestamp("ms"))]),
        st.fixed_dictionaries({"a": TEXT | st.none(), "b": st.integers(0, 2**50)}),
    ),
    (pa.map_(pa.string(), pa.int64()), st.dictionaries(TEXT, st.integers(0, 9), max_size=3)),
    (pa.dictionary(pa.int8(), pa.string()), st.sampled_from(["x", "y", ""])),
    (pa.null(), st.none()),
)


# Arrow ends a name at its first NUL.
_NAMES: Final = TEXT.map(lambda name: name.replace("\0", "0"))


@st.composite
def parquet_tables(draw: st.DrawFn) -> pa.Table:
    """A table with columns of any type and nulls among the values."""
    count = draw(st.integers(0, 8))
    kinds = draw(st.lists(st.sampled_from(_COLUMNS), max_size=4))
    names = draw(st.lists(_NAMES, min_size=len(kinds), max_size=len(kinds), unique=draw(REPEATS)))
    arrays = [
        pa.array(draw(st.lists(st.none() | values, min_size=count, max_size=count)), kind)
        for kind, values in kinds
    ]
    return pa.Table.from_arrays(arrays, names)


# Two columns of one name are rare, and possible.
REPEATS: Final = st.sampled_from([True, True, True, True, False])


@st.composite
def parquet_files(draw: st.DrawFn) -> bytes:
    options = {
        "compression": draw(st.sampled_from(["none", "snappy", "gzip", "zstd"])),
        "row_group_size": draw(st.sampled_from([1, 3, 100])),
        "data_page_version": draw(st.sampled_from(["1.0", "2.0"])),
        "use_dictionary": draw(st.booleans()),
    }
    return as_parquet(draw(parquet_tables()), **options)


def _flip(data: bytes, at: int, token: bytes) -> bytes:
    return data[:at] + bytes([data[at] ^ (token[0] or 1)]) + data[at + 1 :] if data else data


def _insert(data: bytes, at: int, token: bytes) -> bytes:
    return data[:at] + token + data[at:]


def _replace(data: bytes, at: int, token: bytes) -> bytes:
    return data[:at] + token + data[at + len(token) :]


def _delete(data: bytes, at: int, token: bytes) -> bytes:
    return data[:at] + data[at + len(token) :]


def _repeat(data: bytes, at: int, token: bytes) -> bytes:
    return data[: at + len(token)] + data[at:]


def _repeat_line(data: bytes, at: int, _: bytes) -> bytes:
    begin, end = data.rfind(b"\n", 0, at) + 1, data.find(b"\n", at) + 1
    return data[: end or len(data)] + data[begin:]


def _delete_line(data: bytes, at: int, _: bytes) -> bytes:
    begin, end = data.rfind(b"\n", 0, at) + 1, data.find(b"\n", at) + 1
    return data[:begin] + data[end or len(data) :]


def _truncate(data: bytes, at: int, _: bytes) -> bytes:
    return data[:at]


def _twice(data: bytes, _at: int, token: bytes) -> bytes:
    return data + token + data


def _other_line_ends(data: bytes, at: int, _: bytes) -> bytes:
    return data[:at] + data[at:].replace(b"\n", b"\r\n")


_ACCIDENTS: Final[tuple[Callable[[bytes, int, bytes], bytes], ...]] = (
    *(_flip, _insert, _insert, _replace, _delete, _repeat),
    *(_repeat_line, _delete_line, _truncate, _twice, _other_line_ends),
)


@st.composite
def damaged(draw: st.DrawFn, files: st.SearchStrategy[bytes], most: int = 4) -> bytes:
    """A file after up to `most` accidents."""
    data = draw(files)
    for _ in range(draw(st.integers(0, most))):
        accident = draw(st.sampled_from(_ACCIDENTS))
        at = draw(st.integers(0, max(0, len(data) - 1)))
        data = accident(data, at, draw(st.sampled_from(_TOKENS)))
    return data


TEXT_FILES: Final = st.one_of(json_lines_files(), array_files(), csv_files(), NOISE)


def zipped(data: bytes) -> bytes:
    """A gzip file that is the same in every run."""
    return gzip.compress(data, mtime=0)
