"""Phone numbers' trip to the run process: distinct numbers out, E.164 back, in bounded batches.

What a number is read as is in `normalise`; here are only the columns and the exchange.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from customer360.identity import normalise
from customer360.identity.exchange import Exchange

DIALLED: Final = "dialled"
DIALLED_IN: Final = "dialled_in"
E164: Final = "e164"
_PHONE_DDL: Final = f"{DIALLED} string, {DIALLED_IN} string, {E164} string"


def with_dialled(records: DataFrame) -> DataFrame:
    """Add what is dialled, and the country that it is dialled in."""
    number = normalise.dialled(F.col("raw_phone"))
    country = F.when(number.like("+%"), "").otherwise(F.coalesce("country", F.lit("")))
    return records.withColumn(DIALLED, number).withColumn(DIALLED_IN, country)


def read_phones(exchange: Exchange, records: DataFrame, default_country: str) -> DataFrame:
    """Read the distinct phone numbers of records, batch by batch, in the run process.

    Args:
        exchange: Scratch folder.
        records: Rows with `dialled` and `dialled_in` (country; empty where the number names it
            itself).
        default_country: Country of numbers whose record names none.

    Returns:
        One row per distinct number and country: `dialled`, `dialled_in`, `e164` (null: no valid
        number).
    """
    import pyarrow as pa

    distinct = records.where(F.col(DIALLED).isNotNull()).select(DIALLED, DIALLED_IN).distinct()
    exchange.keep("phones_written", distinct)
    pair = pa.schema([(DIALLED, pa.string()), (DIALLED_IN, pa.string())])
    triple = pair.append(pa.field(E164, pa.string()))

    def read() -> Iterator[pa.RecordBatch]:
        for batch in exchange.batches("phones_written", pair):
            numbers, countries = (batch.column(i).to_pylist() for i in range(2))
            found = normalise.e164_numbers(zip(numbers, countries, strict=True), default_country)
            columns = [*batch.columns, pa.array(list(found), pa.string())]
            yield pa.RecordBatch.from_arrays(columns, schema=triple)

    return exchange.hand_over("phones_read", read(), triple, _PHONE_DDL)
