"""Which record repairs which: the links that landed records carry, and whether they count.

A record names the records it repairs in its field `_repairs`, as `<source file>:<line>`, several
with `;` between. A link changes nothing about the repair, which is a record like any other, nor
about which record of a key is current. It only takes its originals out of quarantine, and only
while the repair itself is usable.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from customer360.transforms.contract import (
    CONTENT,
    FAILURE,
    KEY,
    ORIGIN,
    RECORD_LINE,
    REPAIR_COLUMNS,
    REPAIRS,
    names,
)

_PLACE = "^(.*):([0-9]+)$"
_DAY = "/dt=([0-9]{4}-[0-9]{2}-[0-9]{2})/"


def links(records: DataFrame) -> DataFrame:
    """The originals that typed records name.

    Returns:
        One row per record and original: `original_file`, `original_line` (null if the text is no
        place), `original_landed_on` (from the file's folder; null if there is none), the origin of
        the record that names it, and its `_key`, `_content`, `_failure`.
    """
    named = records.where(F.col(REPAIRS).isNotNull()).select(
        KEY,
        CONTENT,
        FAILURE,
        *names(ORIGIN),
        F.explode(F.array_distinct(F.split(REPAIRS, " *; *"))).alias("original"),
    )
    original = F.trim("original")
    file = F.when(original.rlike(_PLACE), F.regexp_extract(original, _PLACE, 1))
    return named.select(
        F.coalesce(file, original).alias("original_file"),
        F.regexp_extract(original, _PLACE, 2).try_cast("bigint").alias("original_line"),
        F.substring(F.regexp_extract(original, _DAY, 1), 1, 10)
        .try_cast("date")
        .alias("original_landed_on"),
        KEY,
        CONTENT,
        FAILURE,
        *names(ORIGIN),
    )


def judged(linked: DataFrame, standing: DataFrame) -> DataFrame:
    """Say of each link whether its repair is usable.

    A repair that only repeats a record in quarantine (a conflict) is no better than that record.

    Args:
        linked: Rows of `links`.
        standing: `_key` and `_content` of the current and superseded records of their keys.

    Returns:
        The rows as `contract.REPAIR_COLUMNS`.
    """
    good = standing.select(KEY, CONTENT, F.lit(True).alias("_stands")).distinct()
    rows = linked.join(good, [KEY, CONTENT], "left")
    is_usable = F.col(FAILURE).isNull() & F.col("_stands").isNotNull()
    return rows.withColumn("is_usable", is_usable).select(*names(REPAIR_COLUMNS))


def originals(repairs: DataFrame) -> DataFrame:
    """Where the originals of links are: `source_file`, `record_line`; one row per original."""
    return repairs.select(
        F.col("original_file").alias("source_file"), F.col("original_line").alias(RECORD_LINE)
    ).distinct()
