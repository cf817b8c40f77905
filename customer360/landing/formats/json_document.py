"""`.json` files: an array (each element a record), one object, or JSON Lines after all.

An array, or an object on several lines, is held in memory as a whole, unlike every other format:
exact slices of elements need the text around them. Elements are found in `json_array`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import pyarrow as pa

from customer360.landing.formats.chunks import TruncatedGzipError
from customer360.landing.formats.decoded import (
    BAD_ENCODING,
    MALFORMED_JSON,
    TRUNCATED_GZIP,
    Row,
    in_batches,
    safe_text,
)
from customer360.landing.formats.json_array import array_elements, is_json
from customer360.landing.formats.jsonl import decode_json_lines

_BOM: Final = b"\xef\xbb\xbf"
_SPACE: Final = b" \t\r\n"


def decode_json(chunks: Iterable[bytes]) -> Iterator[pa.RecordBatch]:
    """Records of a `.json` file, whichever of the three shapes it has.

    Args:
        chunks: The file's bytes.

    Yields:
        Batches of `DECODED`. Of an array, one row per element as its exact text, `line_number`
        being its position from 1; a broken element, and what is left of an array without end, is
        a `malformed_json` row. One value on several lines is one row. All else is JSON Lines.
    """
    source = _Replay(chunks)
    first_line = source.read_first_line()
    if first_line.startswith(b"["):
        yield from in_batches(_array_rows(*source.read_all()))
    elif not first_line or is_json(_text(first_line)):
        yield from decode_json_lines(source.replay())
    else:
        data, is_truncated = source.read_all()
        text = _text(data)
        if is_json(text):
            fault = TRUNCATED_GZIP if is_truncated else None
            yield from in_batches([_row(text.strip(), 1, fault)])
        elif text.lstrip().startswith("{") and not _has_records(text):
            fault = TRUNCATED_GZIP if is_truncated else MALFORMED_JSON
            yield from in_batches([_row(text, 1, fault)])
        else:
            yield from decode_json_lines(source.replay())


class _Replay:
    """A file's chunks, of which the beginning can be looked at before they are read."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._data = bytearray()
        self._truncated: TruncatedGzipError | None = None

    def read_first_line(self) -> bytes:
        """The first line that is not blank, without its end; of an array maybe a part of it."""
        line = b""
        while self._read_more():
            text = self._data.removeprefix(_BOM).lstrip(_SPACE)
            line, end, _ = bytes(text).partition(b"\n")
            if len(self._data) > len(_BOM) and (end or line.startswith(b"[")):
                break
        return line

    def read_all(self) -> tuple[bytes, bool]:
        """The whole file, and whether its gzip stream ends early."""
        while self._read_more():
            pass
        return bytes(self._data), self._truncated is not None

    def replay(self) -> Iterator[bytes]:
        """All chunks from the beginning."""
        yield bytes(self._data)
        if self._truncated:
            raise self._truncated
        yield from self._chunks

    def _read_more(self) -> bool:
        try:
            self._data += next(self._chunks)
        except StopIteration:
            return False
        except TruncatedGzipError as error:
            self._truncated = error
            return False
        return True


def _array_rows(data: bytes, is_truncated: bool) -> Iterator[Row]:
    number = 0
    for number, element in enumerate(array_elements(_text(data)), start=1):
        if is_truncated and element.is_rest:
            yield _row(element.text, number, TRUNCATED_GZIP)
            return
        yield _row(element.text, number, None if element.is_valid else MALFORMED_JSON)
    if is_truncated:
        yield Row("", number + 1, TRUNCATED_GZIP)


def _has_records(text: str) -> bool:
    """Whether any line is an object of its own, as in JSON Lines with a broken first line."""
    return any(line.startswith("{") and is_json(line) for line in text.split("\n"))


def _text(data: bytes) -> str:
    """Text in which bytes that are not UTF-8 are lone surrogates, so that its structure stays."""
    return data.removeprefix(_BOM).decode("utf-8", "surrogateescape")


def _row(text: str, number: int, fault: str | None) -> Row:
    if text.isascii():
        return Row(text, number, fault)
    data = text.encode("utf-8", "surrogateescape")
    safe = safe_text(data)
    if safe != text and fault != TRUNCATED_GZIP:
        fault = BAD_ENCODING
    return Row(safe, number, fault)
