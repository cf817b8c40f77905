"""`.json` files: an array (each element a record), one object, or JSON Lines after all.

An array, or an object on several lines, is held in memory as a whole, unlike every other format:
exact slices of elements need the text around them; so there is a limit. Elements are found in
`json_array`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import pyarrow as pa

from customer360.landing.formats.chunks import TruncatedGzipError
from customer360.landing.formats.decoded import (
    BAD_ENCODING,
    LINE_TOO_LONG,
    MALFORMED_JSON,
    TRUNCATED_GZIP,
    UNREADABLE_FILE,
    Row,
    UnreadableFileError,
    in_batches,
    safe_text,
)
from customer360.landing.formats.json_array import array_elements, is_json
from customer360.landing.formats.jsonl import decode_json_lines
from customer360.landing.formats.lines import beginning, is_too_long

_BOM: Final = b"\xef\xbb\xbf"
_SPACE: Final = re.compile(rb"[ \t\r\n]*")
# Bytes. As Python text and values, a file takes up to ten times its size.
_LARGEST_WHOLE: Final = 128 << 20


def decode_json(chunks: Iterable[bytes]) -> Iterator[pa.RecordBatch]:
    """Records of a `.json` file, whichever of the three shapes it has.

    Args:
        chunks: The file's bytes.

    Yields:
        Batches of `DECODED`. Of an array, one row per element as its exact text, `line_number`
        being its position from 1; a broken element, and what is left of an array without end, is
        a `malformed_json` row. One value on several lines is one row. All else is JSON Lines.

    Raises:
        UnreadableFileError: The file is damaged, or is an array of more than 128 MiB.
    """
    source = _Replay(chunks)
    first_line = source.read_first_line()
    if first_line.startswith(b"["):
        if not source.read_all():
            raise UnreadableFileError(
                f"an array of more than {_LARGEST_WHOLE >> 20} MiB; land it in parts"
            )
        yield from in_batches(_array_rows(_text(source.taken()), source.fault))
        source.raise_damage()
    elif is_too_long(len(first_line)) or is_json(_text(first_line)) or not source.read_all():
        yield from decode_json_lines(source.replay())
    else:
        text = _text(source.data)
        row = _only_row(text, source.fault)
        if row is None:
            yield from decode_json_lines(source.replay())
        else:
            yield from in_batches([row])
            source.raise_damage()


def _only_row(text: str, fault: str | None) -> Row | None:
    """The row of a file that is one value, maybe a broken one; None if it has several records."""
    if is_json(text):
        return _row(text.strip(), 1, fault)
    if text.lstrip().startswith("{") and not _has_records(text):
        return _row(text, 1, fault or MALFORMED_JSON)
    return None


class _Replay:
    """A file's chunks, of which the beginning can be looked at before they are read.

    Attributes:
        data: What has been read.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self.data = bytearray()
        self._end: TruncatedGzipError | UnreadableFileError | None = None

    @property
    def fault(self) -> str | None:
        """How the file ends, if not as it should."""
        if self._end is None:
            return None
        return TRUNCATED_GZIP if isinstance(self._end, TruncatedGzipError) else UNREADABLE_FILE

    def raise_damage(self) -> None:
        """Tell that the rest of the file could not be read."""
        if isinstance(self._end, UnreadableFileError):
            raise self._end

    def read_first_line(self) -> bytes:
        """The first line that is not blank, without its end.

        Of an array, and of a line or of blank lines longer than a record may be, only a part.
        """
        begin = searched = 0
        while self._read_more():
            if len(self.data) <= len(_BOM):
                continue
            begin = _blank_end(self.data, begin)
            end = self.data.find(b"\n", max(begin, searched))
            if end >= 0:
                return bytes(self.data[begin:end])
            searched = len(self.data)
            if self.data.startswith(b"[", begin) or is_too_long(searched):
                return bytes(self.data[begin:] or self.data)
        return bytes(self.data[_blank_end(self.data, begin) :])

    def read_all(self) -> bool:
        """Read the whole file; False, and not all is read, if it is too large for that."""
        while len(self.data) <= _LARGEST_WHOLE:
            if not self._read_more():
                return True
        return False

    def taken(self) -> bytearray:
        """What has been read, held no longer."""
        data, self.data = self.data, bytearray()
        return data

    def replay(self) -> Iterator[bytes]:
        """All chunks from the beginning."""
        yield bytes(self.taken())
        if self._end:
            raise self._end
        yield from self._chunks

    def _read_more(self) -> bool:
        try:
            self.data += next(self._chunks)
        except StopIteration:
            return False
        except (TruncatedGzipError, UnreadableFileError) as error:
            self._end = error
            return False
        return True


def _blank_end(data: bytearray, start: int) -> int:
    """Where the mark of byte order and the white space from `start` on end."""
    begin = len(_BOM) if start == 0 and data.startswith(_BOM) else start
    match = _SPACE.match(data, begin)
    return match.end() if match else begin


def _array_rows(text: str, fault: str | None) -> Iterator[Row]:
    number = 0
    for number, element in enumerate(array_elements(text), start=1):
        if fault and element.is_rest:
            if element.text or fault == TRUNCATED_GZIP:
                yield _row(element.text, number, fault)
            return
        yield _row(element.text, number, None if element.is_valid else MALFORMED_JSON)
    if fault == TRUNCATED_GZIP:
        yield Row("", number + 1, fault)


def _has_records(text: str) -> bool:
    """Whether any line is an object of its own, as in JSON Lines with a broken first line."""
    return any(line.startswith("{") and is_json(line) for line in text.split("\n"))


def _text(data: bytes | bytearray) -> str:
    """Text in which bytes that are not UTF-8 are lone surrogates, so that its structure stays."""
    begin = len(_BOM) if data.startswith(_BOM) else 0
    return str(memoryview(data)[begin:], "utf-8", "surrogateescape")


def _row(text: str, number: int, fault: str | None) -> Row:
    if is_too_long(len(text)):
        text, fault = beginning(text), fault or LINE_TOO_LONG
    if text.isascii():
        return Row(text, number, fault)
    data = text.encode("utf-8", "surrogateescape")
    safe = safe_text(data)
    if safe != text and fault in (None, MALFORMED_JSON):
        fault = BAD_ENCODING
    return Row(safe, number, fault)
