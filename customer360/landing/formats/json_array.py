"""Elements of a JSON array as exact slices of its text, going on behind a broken one.

How a file is read and which shape it has is for `json_document`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

# Numbers are checked, never converted: `len` is a cheap stand-in, and int() refuses 5,000 digits.
_DECODER: Final = json.JSONDecoder(parse_int=len, parse_float=len, parse_constant=len, strict=False)
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_INDENT: Final = re.compile(r"(?:\A|\n)([ \t]*)(?:,[ \t]*)?\Z")
_NEXT_IN_LINE: Final = re.compile(r",[ \t]*(?=\{)|\n")
_TOKEN: Final = re.compile(r'"(?:[^"\\\n]|\\.)*+"|[\[\]{}"]')
_AROUND: Final = " \t\r\n,"
_PAIRS: Final = {"}": "{", "]": "["}
# How far the closing bracket of a broken element is searched: every broken element would otherwise
# cost a scan of the whole file. The distance halves with each search in vain, down to the shortest.
_LONGEST_SEARCH: Final = 1 << 20
_SHORTEST_SEARCH: Final = 1 << 10
_PIECE: Final = 1 << 14
_LONGEST_WORD: Final = len('"\\ud83d\\ude00"')


class Element(NamedTuple):
    """One element of an array, or what is left where no element can be told.

    Attributes:
        text: Its exact text.
        is_valid: It is a JSON value.
        is_rest: It is what follows the last element: behind the array's end, or in place of it.
    """

    text: str
    is_valid: bool = True
    is_rest: bool = False


def value_end(text: str, start: int) -> int | None:
    """Where the JSON value that begins at `start` ends; None if there is no valid one."""
    # Python counts all lines before an error, so most values are read from a piece of the text.
    piece = text[start : start + _PIECE]
    end, may_go_on = _end_in(piece)
    if may_go_on and len(piece) == _PIECE:
        end, _ = _end_in(text[start:])
    return None if end is None else start + end


def _end_in(piece: str) -> tuple[int | None, bool]:
    """Where the value that a piece begins with ends, and whether it may go on behind the piece."""
    try:
        end = _DECODER.raw_decode(piece)[1]
    except json.JSONDecodeError as error:
        is_cut = error.pos > len(piece) - _LONGEST_WORD or error.msg.startswith("Unterminated")
        return None, is_cut
    except RecursionError:
        return None, False
    return end, end == len(piece)


def is_json(text: str) -> bool:
    """Whether the text is exactly one JSON value, with white space around it."""
    end = value_end(text, _skip(text, 0))
    return end is not None and _skip(text, end) == len(text)


def array_elements(text: str) -> Iterator[Element]:
    """Cut an array into its elements.

    A broken element ends where its brackets close, else before the next element that can be told.

    Args:
        text: Text whose first character that is not white space is the array's `[`.

    Yields:
        Each element in order; then one rest (even if empty) if the array is not closed, or if
        something follows it.
    """
    at = _skip(text, 0) + 1
    search = _LONGEST_SEARCH
    while (start := _skip(text, at)) < len(text):
        # A comma before the closing bracket loses nothing, so it is let pass.
        if text[start] == "]":
            rest = text[_skip(text, start + 1) :]
            if rest:
                yield Element(rest, is_valid=False, is_rest=True)
            return
        end = value_end(text, start)
        if end is not None and _ends_element(text, end):
            yield Element(text[start:end])
        else:
            end = _closing_bracket(text, start, search)
            if end is None:
                search = max(search // 2, _SHORTEST_SEARCH)
                end = _before_next(text, start)
            if end is None:
                yield Element(text[start:], is_valid=False, is_rest=True)
                return
            yield Element(text[start:end], is_valid=False)
        at = _skip(text, end)
        at += text[at : at + 1] == ","
    yield Element("", is_valid=False, is_rest=True)


def _skip(text: str, start: int) -> int:
    """The next position that is not white space."""
    match = _SPACE.match(text, start)
    return match.end() if match else start


def _ends_element(text: str, end: int) -> bool:
    """Whether what follows a value says that the element is complete."""
    after = _skip(text, end)
    if after == len(text):
        # A number or word at the end of a cut text may go on.
        return text[end - 1] in '}]"'
    return text[after] in ",]"


def _closing_bracket(text: str, start: int, search: int) -> int | None:
    """End of a broken element by its brackets; None if they do not pair up."""
    opened: list[str] = []
    if text[start] not in "{[":
        return None
    for match in _TOKEN.finditer(text, start, start + search):
        bracket = match[0]
        if bracket in ("{", "["):
            opened.append(bracket)
        elif bracket in _PAIRS:
            if opened.pop() != _PAIRS[bracket]:
                return None
            if not opened:
                return match.end() if _ends_element(text, match.end()) else None
        elif bracket == '"':
            # A string that is open at the line end hides which brackets are real.
            return None
    return None


def _before_next(text: str, start: int) -> int | None:
    """End of a broken element by the beginning of the next or the array's end, if they show."""
    line_end = len(text)
    for match in _NEXT_IN_LINE.finditer(text, start):
        if match[0] == "\n":
            line_end = match.start()
            break
        if _begins_element(text, match.end()):
            return match.start()
    before = _INDENT.search(text, max(0, start - 200), start)
    # An element that has its own line: the next one is indented like it. Nothing else is tested, so
    # that two broken elements in a row stay two.
    indent = re.escape(before[1]) if before else r"[ \t]*"
    for match in re.compile(rf"\n{indent}(?:,[ \t]*)?(?=\{{)").finditer(text, line_end):
        if before or _begins_element(text, match.end()):
            return start + len(text[start : match.start()].rstrip(_AROUND))
    return _before_last_bracket(text, start)


def _before_last_bracket(text: str, start: int) -> int | None:
    """End of a broken element that is the last, if the text ends as an array does."""
    before = text.rstrip(_AROUND).removesuffix("]").rstrip(_AROUND)
    is_closed = text.rstrip(_AROUND).endswith("]")
    return len(before) if is_closed and len(before) > start else None


def _begins_element(text: str, start: int) -> bool:
    """Whether a valid value begins here that can be an element of the outer array."""
    end = value_end(text, start)
    if end is None or not _ends_element(text, end):
        return False
    after = _skip(text, end)
    # A closing bracket that is not the file's last may be that of a list inside the broken element.
    return text[after : after + 1] != "]" or _skip(text, after + 1) == len(text)
