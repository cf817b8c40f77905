"""Which rows a landing file must give, told byte by byte: slow, plain, and without Arrow or DuckDB.

The rules are those of docs/landing.md and docs/quarantine.md; nothing of `customer360.landing` is
used, so that a mistake there cannot be a mistake here too.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

BOM = b"\xef\xbb\xbf"
NESTING = 100
JOINED_LINES = 20
UNREADABLE = ("", 0, "unreadable_file")

Rows = list[tuple[str, int, str | None]]


class Limits(NamedTuple):
    """How long a line may be, and how much of a longer one is kept, in bytes."""

    longest: int
    kept: int


USUAL: Final = Limits(longest=32 << 20, kept=64 << 10)


class Line(NamedTuple):
    """A physical line without its line feed; `fault` if it is cut."""

    number: int
    raw: bytes
    fault: str | None = None

    @property
    def body(self) -> bytes:
        return self.raw if self.fault else self.raw.removesuffix(b"\r")

    @property
    def text(self) -> str:
        return safe(self.body)

    @property
    def is_bad(self) -> bool:
        return not is_utf8(self.body)


class UnreadableError(Exception):
    """The file, or its rest, is no records."""


def safe(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")


def is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def physical_lines(data: bytes, limits: Limits, cut: str | None = None) -> Iterator[Line]:
    """Lines of a file; with `cut`, what follows the last line end is a line with this fault."""
    *complete, rest = data.split(b"\n")
    for number, line in enumerate([*complete, rest], start=1):
        is_rest = number > len(complete)
        if is_rest and not (line or cut == "truncated_gzip"):
            return
        fault = cut if is_rest else None
        size = len(line) + (not is_rest)
        if size > limits.longest:
            fault = fault or "line_too_long"
            line = (line + b"\n")[: limits.kept]
        yield Line(number, line.removeprefix(BOM) if number == 1 else line, fault)


def json_lines(data: bytes, limits: Limits = USUAL, cut: str | None = None) -> Rows:
    """Every line that is not blank is one record."""
    rows: Rows = []
    for line in physical_lines(data, limits, cut):
        if line.fault or line.body.strip(b" \t\n\v\f\r"):
            fault = line.fault or ("bad_encoding" if line.is_bad else None)
            rows.append((line.text, line.number, fault))
    return rows


def csv_rows(data: bytes, limits: Limits = USUAL, cut: str | None = None) -> Rows:
    """A header, then rows; ends with UNREADABLE where the header is no header."""
    lines = list(physical_lines(data, limits, cut))
    rows: Rows = []
    at = next((i for i, line in enumerate(lines) if line.body or line.fault), len(lines))
    if at < len(lines) and lines[at].fault == "line_too_long":
        return [UNREADABLE]
    if at < len(lines) and lines[at].fault:
        return [(lines[at].text, lines[at].number, lines[at].fault)]
    try:
        names = _names(lines[at]) if at < len(lines) else []
    except UnreadableError:
        return [UNREADABLE]
    at += 1
    while at < len(lines):
        row, at = _csv_row(lines, at, names)
        rows += row
    return rows


def _names(line: Line) -> list[str]:
    names = cells(line.text)
    if isinstance(names, str) or line.is_bad or "" in names or len(set(names)) < len(names):
        raise UnreadableError
    return names


def _csv_row(lines: list[Line], at: int, names: list[str]) -> tuple[Rows, int]:
    """The row that begins at a line, none if it is empty, and where the next one begins."""
    line = lines[at]
    if line.fault or not line.body:
        return ([(line.text, line.number, line.fault)] if line.fault else []), at + 1
    found, text, last = cells(line.text), line.text, at
    if found == "unclosed_quote":
        found, text, last = _joined(lines, at, len(names))
    is_bad = any(each.is_bad for each in lines[at : last + 1])
    if is_bad or isinstance(found, str) or len(found) != len(names):
        fault = found if isinstance(found, str) else "wrong_field_count"
        return [(text, line.number, "bad_encoding" if is_bad else fault)], last + 1
    pairs = zip(names, found, strict=True)
    record = ",".join(f"{_quoted(name)}:{_quoted(cell)}" for name, cell in pairs)
    return [("{" + record + "}", line.number, None)], last + 1


def _joined(lines: list[Line], at: int, width: int) -> tuple[list[str] | str, str, int]:
    """A row over several lines if they make one of the right width, else its first line alone."""
    alone = ("unclosed_quote", lines[at].text, at)
    for last in range(at + 1, min(at + JOINED_LINES + 1, len(lines))):
        if lines[last].fault:
            return alone
        text = safe(b"\n".join([*(line.raw for line in lines[at:last]), lines[last].body]))
        found = cells(text)
        if found != "unclosed_quote":
            fits = not isinstance(found, str) and len(found) == width
            return (found, text, last) if fits else alone
    return alone


def cells(text: str) -> list[str] | str:
    """The cells of a CSV row, or the fault of its quotes."""
    found: list[str] = []
    at = 0
    while True:
        cell = ""
        if text[at : at + 1] == '"':
            at += 1
            while True:
                end = text.find('"', at)
                if end < 0:
                    return "unclosed_quote"
                cell += text[at:end]
                at = end + 1
                if text[at : at + 1] != '"':
                    break
                cell += '"'
                at += 1
            if at < len(text) and text[at] != ",":
                return "stray_quote"
        else:
            end = text.find(",", at)
            end = len(text) if end < 0 else end
            cell, at = text[at:end], end
        found.append(cell)
        if at == len(text):
            return found
        at += 1


def judged(rows: Rows) -> Rows:
    """The rows as bronze holds them: a record that is no JSON object says so."""
    return [
        (record, number, fault or (None if is_strict_object(record) else "malformed_json"))
        for record, number, fault in rows
    ]


def is_strict_object(record: str) -> bool:
    """Whether every reader of JSON takes the text for the same object."""
    try:
        value = json.loads(record, parse_constant=_refuse, parse_int=_number, parse_float=_number)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and _depth(record) <= NESTING and not _has_half_pair(record)


def _refuse(text: str) -> None:
    raise ValueError(text)


def _number(text: str) -> float:
    if math.isinf(float(text)):
        raise ValueError(text)
    return 0.0


def _depth(record: str) -> int:
    depth = deepest = 0
    in_string = escaped = False
    for character in record:
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_string = True
        else:
            depth += (character in "[{") - (character in "]}")
            deepest = max(deepest, depth)
    return deepest


def _has_half_pair(record: str) -> bool:
    r"""Whether a `\uD800` stands without its other half: no text in any encoding."""
    pairs = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rest = re.sub(rf"(?:{pairs}|\\[^u]|\\u[0-9a-cA-Ce-fE-F]|\\u[dD][0-7])", "", record)
    return "\\u" in rest


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def inflated(data: bytes) -> tuple[bytes, str | None]:
    """What a gzip file holds, byte by byte, and how it ends if not as it should."""
    inflater, found = zlib.decompressobj(31), b""
    for at in range(len(data)):
        byte = data[at : at + 1]
        if inflater.eof:
            if byte == b"\0":
                continue
            inflater = zlib.decompressobj(31)
        try:
            found += inflater.decompress(byte)
        except zlib.error:
            return found, "unreadable_file"
    return found, None if inflater.eof else "truncated_gzip"


def weight(texts: Iterable[str]) -> str:
    """All that is not between the elements of an array, in order."""
    return "".join(texts).translate({ord(c): None for c in " \t\r\n,[]"})
