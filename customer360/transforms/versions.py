"""Which record of a key is current, and what the others are.

Entities that change: the newest version by the clock wins, ties go to the last landed. Entities
that never change: the first landed wins. Both orders are total, so the order of loading never
matters.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from customer360.sources.spec import EntitySpec
from customer360.transforms.contract import CONTENT, KEY, ORIGIN, RECORD_LINE, STATUS, names

CURRENT = "current"
SUPERSEDED = "superseded"
DUPLICATE = "duplicate"
CONFLICTING = "conflicting_key"


def contested_keys(usable: DataFrame) -> DataFrame:
    """Keys (`_key`) that more than one of these records carries; one row per key."""
    counted = usable.groupBy(KEY).agg(F.count(F.lit(1)).alias("_records"))
    return counted.where(F.col("_records") > 1).select(KEY)


def ranked(records: DataFrame, entity: EntitySpec) -> DataFrame:
    """Give every usable record of some keys its status.

    Args:
        records: All usable typed records of these keys, from whichever landing day.
        entity: The declaration.

    Returns:
        The same rows with `_status`: `current` (one per key), `duplicate` (its content is that of a
        record that ranks higher), else `superseded` or, where records never change,
        `conflicting_key`.
    """
    order = _order(entity)
    by_key = Window.partitionBy(KEY).orderBy(*order)
    by_content = Window.partitionBy(KEY, CONTENT).orderBy(*order)
    origin = names(ORIGIN)
    clock = [entity.clock] if entity.clock and not entity.immutable else []
    # Ranked over the few columns that decide, then joined back: sorting whole rows took three times
    # as long.
    placed = (
        records.select(KEY, CONTENT, *clock, *origin)
        .withColumn("_place", F.row_number().over(by_key))
        .withColumn("_copy", F.row_number().over(by_content))
    )
    other = CONFLICTING if entity.immutable else SUPERSEDED
    status = (
        F.when(F.col("_place") == 1, CURRENT)
        .when(F.col("_copy") > 1, DUPLICATE)
        .otherwise(F.lit(other))
    )
    return records.join(placed.select(*origin, status.alias(STATUS)), origin, "inner").select(
        *records.columns, STATUS
    )


def _order(entity: EntitySpec) -> list[Column]:
    landing = [F.col("landed_on"), F.col("source_file"), F.col(RECORD_LINE)]
    if entity.immutable:
        return [c.asc() for c in landing]
    return [F.col(entity.clock).desc(), *(c.desc() for c in landing)]
