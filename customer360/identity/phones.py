"""Phone numbers into E.164: distinct numbers out to the run process, in bounded batches, and kept.

Reading a number takes 40 microseconds, 6 s at a hundred thousand people, and most numbers of a day
were there before. `ops/phone_numbers` therefore holds what the present records' numbers were read
as; only new ones are read. What a number is read as is in `normalise`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from customer360.identity import normalise
from customer360.identity.contract import PHONE_COLUMNS, PHONE_NUMBERS, typed
from customer360.identity.exchange import Exchange

DIALLED: Final = "dialled"
DIALLED_IN: Final = "dialled_in"
E164: Final = "e164"
_READ_BY: Final = "read_by"
_NUMBER: Final = [DIALLED, DIALLED_IN]
_COLUMNS: Final = tuple(column.name for column in PHONE_COLUMNS)
_DDL: Final = ", ".join(f"{name} {kind}" for name, kind in typed(PHONE_COLUMNS))


def with_dialled(records: DataFrame) -> DataFrame:
    """Add what is dialled, and the country that it is dialled in."""
    number = normalise.dialled(F.col("raw_phone"))
    country = F.when(number.like("+%"), "").otherwise(F.coalesce("country", F.lit("")))
    return records.withColumn(DIALLED, number).withColumn(DIALLED_IN, country)


def read_phones(exchange: Exchange, records: DataFrame, default_country: str) -> DataFrame:
    """Replace `ops/phone_numbers` by the numbers of records; reads those it does not know yet.

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

    engine = exchange.engine
    engine.create(PHONE_NUMBERS, typed(PHONE_COLUMNS), partitioned=False)
    read_by = f"phonenumbers {phonenumbers.__version__}, default {default_country}"
    distinct = records.where(F.col(DIALLED).isNotNull()).select(*_NUMBER).distinct()
    written = exchange.keep("phones_written", distinct)
    known = engine.table(PHONE_NUMBERS).where(F.col(_READ_BY) == read_by)
    exchange.keep("phones_new", written.join(known.select(*_NUMBER), _NUMBER, "left_anti"))
    read = _read_new(exchange, default_country, read_by)
    standing = known.join(written, _NUMBER, "left_semi")
    numbers = standing.select(*_COLUMNS).unionByName(read.select(*_COLUMNS))
    engine.overwrite(PHONE_NUMBERS, typed(PHONE_COLUMNS), numbers)
    return engine.table(PHONE_NUMBERS).select(*_NUMBER, E164)


def _read_new(exchange: Exchange, default_country: str, read_by: str) -> DataFrame:
    """Rows of PHONE_COLUMNS for what is kept as `phones_new`."""
    import pyarrow as pa

    pair = pa.schema([(name, pa.string()) for name in _NUMBER])
    row = pa.schema([(name, pa.string()) for name in _COLUMNS])

    def read() -> Iterator[pa.RecordBatch]:
        for batch in exchange.batches("phones_new", pair):
            numbers, countries = (batch.column(i).to_pylist() for i in range(2))
            found = normalise.e164_numbers(zip(numbers, countries, strict=True), default_country)
            columns = [
                *batch.columns,
                pa.array(list(found), pa.string()),
                pa.repeat(pa.scalar(read_by), batch.num_rows),
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=row)

    return exchange.hand_over("phones_read", read(), row, _DDL)
