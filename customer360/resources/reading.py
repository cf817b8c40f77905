"""Reading lake tables with SQL but without an engine: delta-rs finds the files, DuckDB reads them.

For looking at the lake from the command line. It never writes; what is written goes through
`resources.session` or `resources.lake`. The dialect is DuckDB's, so nothing here is shared with the
transforms or with dbt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from customer360.storage import arrow_filesystem

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from customer360.keys import TableKey
    from customer360.resources.lake import Lake

_BATCH_ROWS = 10_000


class Reader:
    """SQL over tables of one lake; filters and column lists reach the Parquet files.

    Attributes:
        lake: The lake that is read.
    """

    def __init__(self, lake: Lake, connection: duckdb.DuckDBPyConnection) -> None:
        self.lake = lake
        self._connection = connection
        self._registered: set[TableKey | str] = set()

    def table(self, key: TableKey) -> str:
        """The table's name in SQL, in quotes; it is opened at first use.

        Raises:
            MissingTableError: There is no such table.
        """
        if key not in self._registered:
            self._connection.register(key.sql, self.lake.dataset(key))
            self._registered.add(key)
        return f'"{key.sql}"'

    def folder(self, url: str) -> str:
        """Name in SQL, in quotes, of the Parquet files of a folder."""
        import pyarrow.dataset as ds

        if url not in self._registered:
            files = ds.dataset("", filesystem=arrow_filesystem(url), format="parquet")
            self._connection.register(url, files)
            self._registered.add(url)
        return f'"{url}"'

    def columns(self, key: TableKey) -> dict[str, str]:
        """DuckDB's type of each column of a table."""
        described = self._connection.execute(f"describe select * from {self.table(key)}")
        return {row[0]: row[1] for row in described.fetchall()}

    def keep(self, name: str, sql: str) -> None:
        """Keep the rows of a query under a name, for later queries of this reader."""
        self._connection.execute(f"create or replace temp table {name} as {sql}")

    def hold(self, name: str, rows: pa.Table) -> None:
        """Make an Arrow table known under a name, for queries of this reader."""
        self._connection.register(name, rows)

    def rows(
        self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()
    ) -> list[dict[str, Any]]:
        """Rows of a query as dictionaries; timestamps are in UTC."""
        result = self._connection.execute(sql, parameters)
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def batches(
        self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()
    ) -> pa.RecordBatchReader:
        """Rows of a query as Arrow batches, for as many as do not fit in memory."""
        return self._connection.sql(sql, params=parameters).to_arrow_reader(_BATCH_ROWS)


@contextmanager
def open_reader(lake: Lake) -> Iterator[Reader]:
    """A reader for the time of a `with` block."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        yield Reader(lake, connection)
