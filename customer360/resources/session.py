"""An open engine: a server, a Spark Connect session on it, and the lake's tables in its catalog.

The command line uses this directly; Dagster uses it through `resources.engine`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

from customer360.combinations import DATABRICKS
from customer360.errors import SchemaChangedError
from customer360.keys import LAYERS, VIEW_SCHEMAS, TableKey
from customer360.resources.catalogs import claim_schema
from customer360.resources.clusters import RunningCluster
from customer360.resources.lake import (
    Columns,
    Lake,
    column_differences,
    column_types,
    registration_ddl,
)
from customer360.resources.opening import OpenSession
from customer360.resources.servers import EngineServer, SailServer, SparkServer
from customer360.storage import check_access

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.connect.session import SparkSession

    from customer360.settings import Settings


class Engine:
    """An engine with the lake's tables registered.

    Attributes:
        lake: The lake it works on.
        session: The Spark Connect session.
    """

    def __init__(
        self, kind: str, lake: Lake, start: Callable[[], EngineServer] | None = None
    ) -> None:
        """Start the server, open the session and register the tables.

        Args:
            kind: Name of the engine: `sail`, `spark`, `databricks`.
            lake: The lake to register.
            start: Makes the server; starts the local one of this kind when omitted.
        """
        # pyspark.sql.functions builds classic (JVM) columns unless this is set before its first
        # use.
        os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"
        os.environ["TZ"] = "UTC"
        if lake.is_remote:
            # The engine finds its credentials in the environment, where this puts them.
            check_access(lake.url)
        self.lake = lake
        self._columns: dict[TableKey, Columns] = {}
        self._server: EngineServer = start() if start else _local_server(kind, lake.url)
        self._opened = OpenSession(self._server, self._register)
        try:
            self.session = self._opened.first()
            self._register(self.session)
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        """Spark Connect URL with the session id, for another process; secret on a cluster.

        Raises:
            EngineError: The engine has none that could be handed on.
        """
        return self._opened.url

    @property
    def is_running(self) -> bool:
        """Whether its server can still be asked anything."""
        return self._server.is_running

    @property
    def is_cluster(self) -> bool:
        """Whether somebody else runs it, as a cluster: data may be more than this machine holds."""
        return not self._server.is_ours

    def _register(self, session: SparkSession) -> None:
        """Register the lake's tables, those too that were made since."""
        if self._server.is_ours:
            for layer in LAYERS:
                location = f"{self.lake.url}/{layer}"
                session.sql(f"create schema if not exists {layer} location '{location}'")
        else:
            for schema in (*LAYERS, *VIEW_SCHEMAS):
                claim_schema(session, schema, self.lake.url)
        self._columns.clear()
        for key in self.lake.tables():
            self.register(key)

    def register(self, key: TableKey) -> None:
        """Make a table of the lake known to the catalog, unless it is."""
        if key not in self._columns:
            table = self.lake.delta(key)
            columns = [(name, kind) for name, kind, _ in column_types(table)]
            self.session.sql(registration_ddl(key, self.lake.table_url(key), table))
            self._columns[key] = columns

    def table(self, key: TableKey) -> DataFrame:
        """The table's rows.

        Raises:
            MissingTableError: There is no such table; an engine would read nothing, without a word.
        """
        self.register(key)
        return self.session.table(key.sql)

    def create(self, key: TableKey, columns: Columns, *, partitioned: bool) -> None:
        """Create a table with declared types, unless it is there.

        Args:
            key: The table.
            columns: (name, SQL type); `landed_on` must be last when partitioned.
            partitioned: Partition by `landed_on`.

        Raises:
            SchemaChangedError: It is there with other columns.
        """
        if key in self._columns:
            differing = column_differences(columns, self._columns[key])
            if differing:
                raise SchemaChangedError(
                    f"{key.sql} has other columns than are declared: {'; '.join(differing)}. "
                    "`customer360 rebuild --entity <source>__<entity>` restates its history."
                )
            return
        listed = ", ".join(f"`{name}` {kind}" for name, kind in columns)
        by = " partitioned by (landed_on)" if partitioned else ""
        self.session.sql(
            f"create table if not exists {key.sql} ({listed}) using delta{by} "
            f"location '{self.lake.table_url(key)}' {self._server.table_properties}"
        )
        self._columns[key] = columns

    def replace_days(self, key: TableKey, rows: DataFrame, days: Sequence[date]) -> None:
        """Replace the rows of landing days of an existing table, in one commit.

        Args:
            key: The table, partitioned by `landed_on`.
            rows: Its columns, in order; all rows of these days.
            days: The landing days replaced.
        """
        self._write(key, rows, f"insert into {key.sql} replace where {in_days(days)}")

    def overwrite(
        self, key: TableKey, columns: Columns, rows: DataFrame, *, partitioned: bool = False
    ) -> None:
        """Replace a whole table, its columns too, in one commit; creates a missing one.

        Args:
            key: The table.
            columns: (name, SQL type); `landed_on` must be last when partitioned.
            rows: These columns, in order.
            partitioned: Partition by `landed_on`.
        """
        if key in self._columns and column_differences(columns, self._columns[key]):
            by = " partitioned by (landed_on)" if partitioned else ""
            make = (
                f"create or replace table {key.sql} using delta options (overwriteSchema 'true')"
                f"{by} location '{self.lake.table_url(key)}' {self._server.table_properties} as"
            )
            # A column that happens to be a literal would be declared to be never null.
            empty = ", ".join(f"cast(null as {kind}) as `{name}`" for name, kind in columns)
            rows = rows.unionByName(self.session.sql(f"select {empty}").where("false"))
            self._write(key, rows, make)
            self._columns[key] = columns
            return
        self.create(key, columns, partitioned=partitioned)
        self._write(key, rows, f"insert overwrite {key.sql}")

    def _write(self, key: TableKey, rows: DataFrame, statement: str) -> None:
        times = self._opened.times
        view = f"replacement_{key.layer}_{key.table}"
        try:
            rows.createOrReplaceTempView(view)
            self.session.sql(f"{statement} select * from {view}")
        except Exception:
            # The view went with a session that was lost between the two.
            if self._opened.times == times:
                raise
            rows.createOrReplaceTempView(view)
            self.session.sql(f"{statement} select * from {view}")
        self.session.catalog.dropTempView(view)

    def keep_rows(self, key: TableKey, columns: Columns, rows: Sequence[tuple[Any, ...]]) -> None:
        """Replace a small table by rows of the run process; creates it with declared types."""
        ddl = ", ".join(f"{name} {kind}" for name, kind in columns)
        self.overwrite(key, columns, self.session.createDataFrame(list(rows), ddl))

    def close(self) -> None:
        """Close the session, then the server: the other order hangs the client for minutes."""
        try:
            self._opened.close()
        finally:
            self._server.stop()


def in_days(days: Sequence[date]) -> str:
    """SQL condition that selects landing days."""
    literals = ", ".join(f"date'{day}'" for day in sorted(days))
    return f"landed_on in ({literals})"


def engine_of(settings: Settings, lake: Lake) -> Engine:
    """The engine that the settings name, open on a lake."""
    return Engine(settings.engine, lake, lambda: server_of(settings))


def server_of(settings: Settings) -> EngineServer:
    """The server that the settings name: started here, or found running."""
    if settings.engine == DATABRICKS:
        from customer360.resources.databricks import DatabricksCompute

        return DatabricksCompute(settings.catalog, settings.engine_url)
    if settings.engine_url:
        return RunningCluster(settings.engine_url)
    return _local_server(settings.engine, settings.lake)


def _local_server(kind: str, lake_url: str) -> EngineServer:
    return SparkServer(lake_url) if kind == "spark" else SailServer()


@contextmanager
def open_engine(settings: Settings) -> Iterator[Engine]:
    """An engine for the time of a `with` block."""
    engine = engine_of(settings, Lake(settings.lake))
    try:
        yield engine
    finally:
        engine.close()
