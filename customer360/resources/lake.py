"""The lake: where tables and landing files are, and how they are read, written and described.

Everything that touches a lake path is here or in `customer360.landing.files`. Queries belong to the
engine (`resources.engine`); what the tables mean belongs to `sources` and `transforms`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from customer360.errors import ChangedMeanwhileError, MissingTableError
from customer360.keys import LAYERS, TableKey
from customer360.storage import arrow_filesystem, is_remote, open_url

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as ds
    from deltalake import DeltaTable

_SPARK_TYPES = {
    "string": "string",
    "long": "bigint",
    "integer": "int",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "double": "double",
}


# (name, SQL type) of a table's columns, in order.
Columns = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Lake:
    """A lake below one URL.

    Attributes:
        url: Absolute local path or `abfss://` URL, without a trailing slash.
    """

    url: str

    @property
    def is_remote(self) -> bool:
        """Whether the lake is behind a URL, not in a folder of this machine."""
        return is_remote(self.url)

    @property
    def landing(self) -> str:
        """URL of the landing zone."""
        return f"{self.url}/landing"

    @property
    def truth(self) -> str:
        """URL of the simulator's truth, beside the landing zone."""
        return f"{self.url}/truth"

    def table_url(self, key: TableKey) -> str:
        """URL of a table."""
        return f"{self.url}/{key.path}"

    def scratch_url(self, name: str) -> str:
        """URL for intermediate files of one step, removed by `remove_scratch`."""
        return f"{self.url}/_scratch/{name}"

    def remove_scratch(self, name: str = "") -> None:
        """Remove intermediate files of one step, or of all, if there are any."""
        fs, path = open_url(self.scratch_url(name).rstrip("/"))
        if fs.exists(path):
            fs.rm(path, recursive=True)

    def write_report(self, name: str, text: str) -> str:
        """Write a page for people, instead of the one of that name; returns its URL."""
        fs, folder = open_url(f"{self.url}/reports")
        fs.makedirs(folder, exist_ok=True)
        fs.pipe_file(f"{folder}/{name}", text.encode())
        return f"{self.url}/reports/{name}"

    def exists(self, key: TableKey) -> bool:
        """Whether the table is there (has a Delta log)."""
        fs, path = open_url(f"{self.table_url(key)}/_delta_log")
        return bool(fs.exists(path))

    def tables(self) -> list[TableKey]:
        """All tables of all layers, sorted."""
        found = []
        for layer in LAYERS:
            fs, path = open_url(f"{self.url}/{layer}")
            if fs.exists(path):
                names = (str(p).rstrip("/").rsplit("/", 1)[-1] for p in fs.ls(path, detail=False))
                found += [TableKey(layer, n) for n in names if not n.startswith(("_", "."))]
        return sorted(key for key in found if self.exists(key))

    def delta(self, key: TableKey, version: int | None = None) -> DeltaTable:
        """The table, for metadata, statistics and Arrow reads.

        Raises:
            MissingTableError: There is no such table.
        """
        from deltalake import DeltaTable

        if not self.exists(key):
            layers = sorted(k.sql for k in self.tables() if k.layer == key.layer)
            raise MissingTableError(
                f"Table {key.sql} not found at {self.table_url(key)}; the lake has "
                f"{', '.join(layers) or f'no {key.layer} tables'}. "
                "Load data with `customer360 run`."
            )
        return DeltaTable(self.table_url(key), version=version)

    def arrow(self, key: TableKey, columns: Sequence[str] | None = None) -> pa.Table:
        """The whole table, or some columns of it, in memory; for small tables only."""
        chosen = None if columns is None else list(columns)
        return self.dataset(key).to_table(columns=chosen)

    def dataset(self, key: TableKey) -> ds.Dataset:
        """The table as an Arrow dataset, for readers that stream.

        Raises:
            MissingTableError: There is no such table.
        """
        files = arrow_filesystem(self.table_url(key))
        return self.delta(key).to_pyarrow_dataset(filesystem=files)

    def replace_days(
        self,
        key: TableKey,
        batches: Iterable[pa.RecordBatch],
        schema: pa.Schema,
        days: Sequence[date],
    ) -> None:
        """Replace the rows of landing days, in one commit, streaming.

        Args:
            key: A table partitioned by `landed_on`; created when missing.
            batches: The new rows, all of them of `days`.
            schema: Their schema, with `landed_on`.
            days: The landing days replaced; other days are not touched.
        """
        import pyarrow as pa
        from deltalake import write_deltalake

        reader = pa.RecordBatchReader.from_batches(schema, batches)
        if not self.exists(key):
            write_deltalake(self.table_url(key), reader, mode="error", partition_by=["landed_on"])
        elif days:
            literals = ", ".join(f"'{day}'" for day in sorted(days))
            write_deltalake(
                self.table_url(key),
                reader,
                mode="overwrite",
                predicate=f"landed_on in ({literals})",
            )

    def replace_where(self, key: TableKey, rows: pa.Table, predicate: str) -> None:
        """Replace the rows that a predicate selects, in one commit; creates a missing table."""
        from deltalake import write_deltalake

        if self.exists(key):
            write_deltalake(self.table_url(key), rows, mode="overwrite", predicate=predicate)
        else:
            write_deltalake(self.table_url(key), rows, mode="error")

    def version(self, key: TableKey) -> int | None:
        """Delta version of a table; None where there is no such table."""
        return self.delta(key).version() if self.exists(key) else None

    def replace_where_unchanged(
        self, key: TableKey, rows: pa.Table, predicate: str, version: int | None
    ) -> None:
        """Replace rows as `replace_where`, unless such rows were written since they were read.

        For what people say, which nothing can make again: the lock keeps writers of one machine
        apart, and a lake behind a URL has writers on several.

        Args:
            key: The table; created when missing.
            rows: The new rows.
            predicate: Which rows they replace.
            version: Its `version` before anything was read that the new rows go by.

        Raises:
            ChangedMeanwhileError: Somebody has written such rows, or made the table.
        """
        from deltalake import DeltaTable, write_deltalake
        from deltalake.exceptions import CommitFailedError, DeltaError

        url = self.table_url(key)
        told = (
            f"{key.sql} has been written by somebody else meanwhile, or by this command if the "
            "storage's answer was lost. Nothing more was written; look at it, and say it again."
        )
        try:
            if version is None:
                write_deltalake(url, rows, mode="error")
            else:
                table = DeltaTable(url, version=version)
                write_deltalake(table, rows, mode="overwrite", predicate=predicate)
        except DeltaError as error:
            was_made = version is None and self.exists(key)
            if was_made or isinstance(error, CommitFailedError):
                raise ChangedMeanwhileError(told) from error
            raise

    def row_count(self, key: TableKey) -> int:
        """Rows of a table, from its Delta statistics."""
        import pyarrow as pa

        return sum(pa.table(self.delta(key).get_add_actions()).column("num_records").to_pylist())

    def rows_by_day(self, key: TableKey) -> dict[date, int]:
        """Rows of each landing day of a table partitioned by it, from its Delta statistics."""
        import pyarrow as pa

        counts: dict[date, int] = {}
        actions = pa.table(self.delta(key).get_add_actions(flatten=True))
        columns = actions.select(["partition.landed_on", "num_records"]).to_pydict()
        for day, rows in zip(*columns.values(), strict=True):
            counts[day] = counts.get(day, 0) + rows
        return counts

    def changed_days(self, key: TableKey, before: int, now: int) -> tuple[date, ...] | None:
        """Landing days whose files differ between two Delta versions of a table, from its log.

        Args:
            key: A table partitioned by `landed_on`.
            before: The older version.
            now: The newer version.

        Returns:
            The days, sorted; None when the log no longer tells of the older version.
        """
        from deltalake.exceptions import DeltaError

        try:
            then = self._files(key, before)
        except DeltaError:
            return None
        differing = then.items() ^ self._files(key, now).items()
        return tuple(sorted({day for _, day in differing}))

    def days(self, key: TableKey) -> list[date]:
        """Landing days of which a table that is partitioned by them holds rows, sorted."""
        return sorted(set(self._files(key).values())) if self.exists(key) else []

    def _files(self, key: TableKey, version: int | None = None) -> dict[str, date]:
        """The files of a table that is partitioned by landing day, and the day of each."""
        import pyarrow as pa

        actions = pa.table(self.delta(key, version).get_add_actions(flatten=True))
        days = actions.column("partition.landed_on").to_pylist()
        return dict(zip(actions.column("path").to_pylist(), days, strict=True))

    def describe(self, key: TableKey) -> dict[str, int]:
        """Delta version, bytes and files of a table, from its log."""
        import pyarrow as pa

        table = self.delta(key)
        actions = pa.table(table.get_add_actions())
        return {
            "delta_version": table.version(),
            "bytes": sum(actions.column("size_bytes").to_pylist()),
            "files": actions.num_rows,
        }


def column_types(table: DeltaTable) -> Iterator[tuple[str, str, bool]]:
    """(column, Spark SQL type, nullable) of a Delta table, in order."""
    for field in table.schema().fields:
        yield field.name, _spark_type(field.type), field.nullable


def _spark_type(kind: object) -> str:
    """Spark SQL spelling of a Delta type."""
    element = getattr(kind, "element_type", None)
    if element is not None:
        return f"array<{_spark_type(element)}>"
    name = str(getattr(kind, "type", kind))
    return _SPARK_TYPES.get(name, name)


def column_differences(declared: Columns, found: Columns) -> list[str]:
    """Columns and types that differ from their declaration, in words; empty when all agree."""
    expected, actual = dict(declared), dict(found)
    missing = "no such column"
    return [
        f"{name}: declared {expected.get(name, missing)}, found {actual.get(name, missing)}"
        for name in sorted({*expected, *actual})
        if _spelled(expected.get(name, missing)) != _spelled(actual.get(name, missing))
    ]


def _spelled(kind: str) -> str:
    """One spelling per type."""
    return kind.lower().replace(" ", "").replace("long", "bigint")


def registration_ddl(key: TableKey, url: str, table: DeltaTable) -> str:
    """SQL that makes a table known to an engine's catalog, with its columns.

    The columns are spelled out because the embedded engine otherwise shows none to DESCRIBE;
    partition columns come last, as that engine demands.
    """
    partitions = table.metadata().partition_columns
    columns = sorted(column_types(table), key=lambda c: c[0] in partitions)
    listed = ", ".join(f"`{n}` {t}{'' if nullable else ' not null'}" for n, t, nullable in columns)
    by = f" partitioned by ({', '.join(partitions)})" if partitions else ""
    return f"create table if not exists {key.sql} ({listed}) using delta{by} location '{url}'"
