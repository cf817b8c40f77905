"""Random streams and identifiers that depend on nothing but their names.

Here: one generator per (seed, day, block, purpose), permutations that make ids from counters, and
the text of ids, moments and amounts. Not here: what is drawn from a stream (each source's module).
"""

from datetime import date
from typing import TypeAlias
from zlib import crc32

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Ints: TypeAlias = npt.NDArray[np.int64]
Words: TypeAlias = npt.NDArray[np.uint64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Floats: TypeAlias = npt.NDArray[np.float64]

SECONDS_A_DAY = 86_400
_EPOCH = date(1970, 1, 1)
_HEX = np.array([f"{byte:02x}".encode() for byte in range(256)], dtype="S2")


def epoch_day(day: date) -> int:
    """Return the number of days from 1970-01-01 to ``day``."""
    return (day - _EPOCH).days


def stream(seed: int, day: int, block: int, purpose: str) -> np.random.Generator:
    """Return the generator of one purpose: the same four names always give the same numbers.

    A purpose never shares a stream with another one, so that drawing more in one place leaves
    every other place as it was.
    """
    entropy = [seed, crc32(purpose.encode()), day, block]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))


def mixed(numbers: Ints, salt: str) -> Words:
    """Permute 64-bit numbers (splitmix64): distinct numbers stay distinct and look unrelated."""
    words = numbers.astype(np.uint64) + np.uint64(crc32(salt.encode()) << 31)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def hex_ids(prefix: str, numbers: Ints, salt: str) -> pl.Series:
    """Return ids of 16 hexadecimal digits after ``prefix``, one per distinct number."""
    digits = _HEX[mixed(numbers, salt).astype(">u8").view(np.uint8)]
    offsets = np.arange(len(numbers) + 1, dtype=np.int64) * 16
    text = pa.LargeStringArray.from_buffers(
        len(numbers), pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(digits))
    )
    ids = pl.Series("id", text, dtype=pl.String)
    return prefix + ids if prefix else ids


def permuted(numbers: Ints, salt: str, digits: int) -> Ints:
    """Permute numbers below ``10**digits`` (at most 9 digits) among themselves."""
    modulus = 10**digits
    factor = 10 * (crc32(salt.encode()) % (modulus // 10)) + 7
    shift = crc32(f"{salt} shift".encode()) % modulus
    mapped: Ints = (numbers * factor + shift) % modulus
    return mapped


def number_ids(prefix: str, numbers: Ints, salt: str, digits: int) -> pl.Series:
    """Return ids of ``digits`` decimal digits after ``prefix``, one per distinct number."""
    text = pl.Series("id", permuted(numbers, salt, digits)).cast(pl.String).str.zfill(digits)
    return prefix + text


def chance(numbers: Ints, salt: str) -> Floats:
    """Return a number in [0, 1) per input that is always the same for the same input."""
    return (mixed(numbers, salt) >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def utc_text(seconds: Ints | pl.Series) -> pl.Series:
    """Return ISO 8601 text in UTC of seconds since 1970, e.g. ``2026-01-05T10:00:00Z``."""
    moments = pl.from_epoch(pl.Series("at", seconds), time_unit="s")
    return moments.dt.strftime("%Y-%m-%dT%H:%M:%SZ")


def utc_millisecond_text(milliseconds: Ints) -> pl.Series:
    """Return ISO 8601 text in UTC of milliseconds since 1970."""
    moments = pl.from_epoch(pl.Series("at", milliseconds), time_unit="ms")
    return moments.dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")


def date_text(days: Ints | pl.Series) -> pl.Series:
    """Return ISO 8601 dates of days since 1970."""
    return pl.Series("on", days).cast(pl.Int32).cast(pl.Date).dt.strftime("%Y-%m-%d")


def money_text(cents: pl.Expr) -> pl.Expr:
    """Return the decimal text, two digits after the point, of whole cents; the name stays."""
    sign = pl.when(cents < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    whole = (cents.abs() // 100).cast(pl.String)
    rest = (cents.abs() % 100).cast(pl.String).str.zfill(2)
    return pl.concat_str(sign, whole, pl.lit("."), rest).alias(cents.meta.output_name())
