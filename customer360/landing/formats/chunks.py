"""Bytes of one landing file in bounded chunks, decompressed on the way.

Where records begin and end is for the modules of the formats.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from customer360.landing.formats.decoded import UnreadableFileError

# Large enough that the cost of a chunk is nothing against its lines, small enough for any machine.
CHUNK_BYTES: Final = 4 << 20
_GZIP_FORMAT: Final = 31


class TruncatedGzipError(Exception):
    """The compressed stream ends before its end mark; everything before was handed over."""


def read_chunks(stream: BinaryIO, chunk_bytes: int) -> Iterator[bytes]:
    """Chunks of an uncompressed file, in order, none empty."""
    while chunk := stream.read(chunk_bytes):
        yield chunk


def inflate_chunks(stream: BinaryIO, chunk_bytes: int) -> Iterator[bytes]:
    """Chunks of a gzip file of one or more members, decompressed, each at most `chunk_bytes`.

    Raises:
        TruncatedGzipError: The stream ends early (an empty file included).
        UnreadableFileError: It is not gzip, or a block is corrupt. What could be decompressed
            before that point was handed over.
    """
    inflater = zlib.decompressobj(_GZIP_FORMAT)
    # A quarter, because text shrinks by about that: then a read fills about one chunk.
    for data in read_chunks(stream, max(1, chunk_bytes // 4)):
        while True:
            if inflater.eof:
                # Members may be padded with zeros, as tapes and block devices do.
                data = data.lstrip(b"\0")
                if not data:
                    break
                inflater = zlib.decompressobj(_GZIP_FORMAT)
            checkpoint = inflater.copy()
            try:
                chunk = inflater.decompress(data, chunk_bytes)
            except zlib.error as error:
                yield from _salvage(checkpoint, data)
                raise UnreadableFileError(str(error)) from error
            if chunk:
                yield chunk
            data = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
            # A full chunk can leave more output inside the inflater although no input is left.
            if not data and len(chunk) < chunk_bytes:
                break
    if not inflater.eof:
        raise TruncatedGzipError


def _salvage(inflater: Any, data: bytes) -> Iterator[bytes]:
    """What a failed call would have given: zlib throws its output away with the error."""
    saved = bytearray()
    try:
        for position in range(len(data)):
            saved += inflater.decompress(data[position : position + 1])
    except zlib.error:
        pass
    if saved:
        yield bytes(saved)
