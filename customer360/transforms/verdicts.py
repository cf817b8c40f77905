"""What becomes of records that are not current rows: rows of quarantine and of the outranked.

Why a record cannot be used is found in `transforms.typing`, which one of several is current in
`transforms.versions`, which one another repairs in `transforms.repairs`.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from customer360.transforms.contract import (
    AMOUNT,
    FAILED_VALUE,
    FAILURE,
    KEY,
    ORIGIN,
    RECORD,
    STATUS,
    names,
)


def quarantined(failed: DataFrame) -> DataFrame:
    """Typed rows with a failure as rows of quarantine."""
    column = F.substring_index(FAILURE, ":", -1)
    return failed.select(
        F.col(KEY).alias("record_key"),
        F.substring_index(FAILURE, ":", 1).alias("rule"),
        F.when(column != "", column).alias("column_name"),
        F.col(FAILED_VALUE).alias("value"),
        F.col(AMOUNT).alias("amount"),
        F.col(RECORD).alias("record"),
        *names(ORIGIN),
    )


def outranked(resolved: DataFrame) -> DataFrame:
    """Typed rows with a status as rows of the outranked."""
    return _standing_aside(resolved, F.col(KEY), F.col(STATUS), F.col(AMOUNT))


def repaired(quarantine: DataFrame) -> DataFrame:
    """Rows of quarantine that another record repairs as rows of the outranked."""
    return _standing_aside(quarantine, F.col("record_key"), F.lit("repaired"), F.col("amount"))


def _standing_aside(rows: DataFrame, key: Column, status: Column, amount: Column) -> DataFrame:
    return rows.select(
        key.alias("record_key"), status.alias("status"), amount.alias("amount"), *names(ORIGIN)
    )
