"""Handing rows between the engine and the run process, through files in the lake's scratch folder.

Parquet instead of the wire: an engine's reply and a local relation have size limits (128 MB a
message), an empty Arrow table has no schema for `createDataFrame`, and files are read batch by
batch. They also keep a step's intermediate result, so that it is computed once. Nothing here knows
about customers.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from customer360.storage import arrow_filesystem, open_url

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as ds
    from pyspark.sql import DataFrame

    from customer360.resources.session import Engine

_BATCH_ROWS = 50_000


@dataclass(frozen=True)
class Exchange:
    """The scratch folder of one step."""

    engine: Engine
    folder: str

    def keep(self, name: str, rows: DataFrame) -> DataFrame:
        """Write rows aside and return them as read from there; their order is not kept."""
        url = f"{self.folder}/{name}"
        rows.write.mode("overwrite").parquet(url)
        # The embedded engine writes no file for no rows, hence the schema.
        return self.engine.session.read.schema(rows.schema).parquet(url)

    def dataset(self, name: str, schema: pa.Schema) -> ds.Dataset:
        """Rows kept under a name, for readers that stream."""
        import pyarrow.dataset as ds

        url = f"{self.folder}/{name}"
        fs, path = open_url(url)
        found = fs.glob(f"{path}/*.parquet") if fs.exists(path) else []
        files = sorted(str(file).rsplit("/", 1)[-1] for file in found)
        if not files:
            return ds.dataset(schema.empty_table())
        return ds.dataset(files, schema, filesystem=arrow_filesystem(url), format="parquet")

    def batches(self, name: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """Rows kept under a name, in batches of bounded size."""
        yield from self.dataset(name, schema).to_batches(batch_size=_BATCH_ROWS)

    def count(self, name: str) -> int:
        """How many rows are kept under a name."""
        import pyarrow as pa

        return int(self.dataset(name, pa.schema([])).count_rows())

    def arrow(self, name: str, schema: pa.Schema) -> pa.Table:
        """All rows kept under a name, in memory."""
        import pyarrow as pa

        return pa.Table.from_batches(self.batches(name, schema), schema)

    def hand_over(
        self, name: str, batches: Iterable[pa.RecordBatch], schema: pa.Schema, ddl: str
    ) -> DataFrame:
        """Give rows of the run process to the engine.

        Args:
            name: Name inside the scratch folder.
            batches: The rows.
            schema: Their Arrow schema.
            ddl: The same schema as the engine spells it.
        """
        import pyarrow.parquet as pq

        fs, path = open_url(f"{self.folder}/{name}")
        fs.makedirs(path, exist_ok=True)
        with (
            fs.open(f"{path}/part-0.parquet", "wb") as file,
            pq.ParquetWriter(file, schema) as writer,
        ):
            for batch in batches:
                writer.write_batch(batch)
        return self.engine.session.read.schema(ddl).parquet(f"{self.folder}/{name}")


@contextmanager
def open_exchange(engine: Engine, step: str) -> Iterator[Exchange]:
    """A scratch folder for the time of a `with` block."""
    name = f"{step}-{uuid.uuid4()}"
    try:
        yield Exchange(engine, engine.lake.scratch_url(name))
    finally:
        engine.lake.remove_scratch(name)
