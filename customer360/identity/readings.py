"""Texts that Python libraries read: distinct ones out to the run process, in batches, and kept.

Reading a telephone number takes 40 microseconds, 6 s at a hundred thousand people, and most texts
of a day were there before. A table of readings therefore holds what the present records' texts were
read as; only new ones are read. What a text is read as is in `phones` and `spellings`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from customer360.identity.contract import Column, ddl, typed
from customer360.identity.exchange import Exchange

if TYPE_CHECKING:
    import pyarrow as pa

    from customer360.keys import TableKey

READ_BY: Final = "read_by"


@dataclass(frozen=True)
class Readings:
    """One kind of reading and the table that keeps it.

    Attributes:
        table: Where readings are kept.
        columns: Its columns: what is read, what it was read as (all text), `read_by`.
        key: The columns that are read.
        read_by: Library, version and settings; with others a text may be read as something else.
        read: From the key's columns of a batch to the columns between key and `read_by`.
    """

    table: TableKey
    columns: tuple[Column, ...]
    key: Sequence[str]
    read_by: str
    read: Callable[[pa.RecordBatch], Sequence[pa.Array]]

    @property
    def names(self) -> list[str]:
        """The columns' names."""
        return [column.name for column in self.columns]


def read_distinct(exchange: Exchange, texts: DataFrame, readings: Readings) -> DataFrame:
    """Replace the table of readings by those of present texts; reads what it does not know yet.

    Args:
        exchange: Scratch folder.
        texts: Rows with the key's columns, repeated or not.
        readings: What is read, and how.

    Returns:
        One row per distinct key: the table's columns without `read_by`.
    """
    engine, key = exchange.engine, list(readings.key)
    table = readings.table.table
    engine.create(readings.table, typed(readings.columns), partitioned=False)
    written = exchange.keep(f"{table}_written", texts.select(*key).distinct())
    known = engine.table(readings.table).where(F.col(READ_BY) == readings.read_by)
    exchange.keep(f"{table}_new", written.join(known.select(*key), key, "left_anti"))
    read = _read_new(exchange, readings)
    standing = known.join(written, key, "left_semi")
    rows = standing.select(*readings.names).unionByName(read.select(*readings.names))
    engine.overwrite(readings.table, typed(readings.columns), rows)
    return engine.table(readings.table).drop(READ_BY)


def _read_new(exchange: Exchange, readings: Readings) -> DataFrame:
    import pyarrow as pa

    table = readings.table.table
    key = pa.schema([(name, pa.string()) for name in readings.key])
    row = pa.schema([(name, pa.string()) for name in readings.names])

    def read() -> Iterator[pa.RecordBatch]:
        for batch in exchange.batches(f"{table}_new", key):
            by = pa.repeat(pa.scalar(readings.read_by), batch.num_rows)
            columns = [*batch.columns, *readings.read(batch), by]
            yield pa.RecordBatch.from_arrays(columns, schema=row)

    return exchange.hand_over(f"{table}_read", read(), row, ddl(readings.columns))
