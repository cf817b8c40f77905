"""Phone numbers into E.164: what is dialled, from which country. How it is read: `normalise`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from customer360.identity import normalise
from customer360.identity.contract import PHONE_COLUMNS, PHONE_NUMBERS
from customer360.identity.exchange import Exchange
from customer360.identity.readings import Readings, read_distinct

if TYPE_CHECKING:
    import pyarrow as pa

DIALLED: Final = "dialled"
DIALLED_IN: Final = "dialled_in"
E164: Final = "e164"


def with_dialled(records: DataFrame) -> DataFrame:
    """Add what is dialled, and the country that it is dialled in."""
    number = normalise.dialled(F.col("raw_phone"))
    country = F.when(number.like("+%"), "").otherwise(F.coalesce("country", F.lit("")))
    return records.withColumn(DIALLED, number).withColumn(DIALLED_IN, country)


def read_phones(exchange: Exchange, records: DataFrame, default_country: str) -> DataFrame:
    """Read the numbers of records.

    Args:
        exchange: Scratch folder.
        records: Rows with `dialled` and `dialled_in` (country; empty where the number names it
            itself).
        default_country: Country of numbers whose record names none.

    Returns:
        One row per distinct number and country: `dialled`, `dialled_in`, `e164` (null: no valid
        number).
    """
    import phonenumbers

    def read(batch: pa.RecordBatch) -> list[pa.Array]:
        import pyarrow as pa

        numbers, countries = (column.to_pylist() for column in batch.columns)
        found = normalise.e164_numbers(zip(numbers, countries, strict=True), default_country)
        return [pa.array(list(found), pa.string())]

    readings = Readings(
        table=PHONE_NUMBERS,
        columns=PHONE_COLUMNS,
        key=(DIALLED, DIALLED_IN),
        read_by=f"phonenumbers {phonenumbers.__version__}, default {default_country}",
        read=read,
    )
    return read_distinct(exchange, records.where(F.col(DIALLED).isNotNull()), readings)
