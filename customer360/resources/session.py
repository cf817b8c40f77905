"""An open engine: a server, a Spark Connect session on it, and the lake's tables in its catalog.

The command line uses this directly; Dagster uses it through `resources.engine`.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

from customer360.keys import LAYERS, TableKey
from customer360.resources.lake import Lake, registration_ddl
from customer360.resources.servers import EngineServer, SailServer, SparkServer

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.connect.session import SparkSession

    from customer360.settings import Settings

_SERVERS: dict[str, Callable[[], EngineServer]] = {"sail": SailServer, "spark": SparkServer}


class Engine:
    """An engine with the lake's tables registered.

    Attributes:
        lake: The lake it works on.
        url: Spark Connect URL with the session id; another process that uses it shares the catalog.
        session: The Spark Connect session.
    """

    def __init__(self, kind: str, lake: Lake) -> None:
        """Start the server, open the session and register the tables.

        Args:
            kind: `sail` or `spark`.
            lake: The lake to register.
        """
        # pyspark.sql.functions builds classic (JVM) columns unless this is set before its first
        # use.
        os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"
        os.environ["TZ"] = "UTC"
        self.lake = lake
        self._registered: set[TableKey] = set()
        self._server: EngineServer = _SERVERS[kind]()
        self.url = f"sc://{self._server.address}/;session_id={uuid.uuid4()}"
        try:
            self.session = _open(self.url)
            self._register()
        except BaseException:
            self._server.stop()
            raise

    def _register(self) -> None:
        for layer in LAYERS:
            self.session.sql(
                f"create schema if not exists {layer} location '{self.lake.url}/{layer}'"
            )
        for key in self.lake.tables():
            self.register(key)

    def register(self, key: TableKey) -> None:
        """Make a table of the lake known to the catalog, unless it is."""
        if key not in self._registered:
            self.session.sql(registration_ddl(self.lake, key))
            self._registered.add(key)

    def table(self, key: TableKey) -> DataFrame:
        """The table's rows.

        Raises:
            MissingTableError: There is no such table; an engine would read nothing, without a word.
        """
        self.register(key)
        return self.session.table(key.sql)

    def create(
        self, key: TableKey, columns: Sequence[tuple[str, str]], *, partitioned: bool
    ) -> None:
        """Create a table with declared types, unless it is there.

        Args:
            key: The table.
            columns: (name, SQL type); `landed_on` must be last when partitioned.
            partitioned: Partition by `landed_on`.
        """
        listed = ", ".join(f"`{name}` {kind}" for name, kind in columns)
        by = " partitioned by (landed_on)" if partitioned else ""
        self.session.sql(
            f"create table if not exists {key.sql} ({listed}) using delta{by} "
            f"location '{self.lake.table_url(key)}'"
        )
        self._registered.add(key)

    def replace(self, key: TableKey, rows: DataFrame, days: Sequence[date] | None) -> None:
        """Replace rows of an existing table in one commit.

        Args:
            key: The table; columns of `rows` must be its columns, in order.
            rows: The new rows; with `days`, all of them of these landing days.
            days: Landing days replaced; the whole table when None.
        """
        view = f"replacement_{key.layer}_{key.table}"
        rows.createOrReplaceTempView(view)
        what = (
            f"into {key.sql} replace where {in_days(days)}"
            if days is not None
            else f"overwrite {key.sql}"
        )
        self.session.sql(f"insert {what} select * from {view}")
        self.session.catalog.dropTempView(view)

    def keep_rows(
        self, key: TableKey, columns: Sequence[tuple[str, str]], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Replace a small table by rows of the run process; creates it with declared types."""
        self.create(key, columns, partitioned=False)
        ddl = ", ".join(f"{name} {kind}" for name, kind in columns)
        self.replace(key, self.session.createDataFrame(list(rows), ddl), None)

    def close(self) -> None:
        """Close the session, then the server: the other order hangs the client for minutes."""
        try:
            self.session.stop()
        finally:
            self._server.stop()


def in_days(days: Sequence[date]) -> str:
    """SQL condition that selects landing days."""
    literals = ", ".join(f"date'{day}'" for day in sorted(days))
    return f"landed_on in ({literals})"


def _open(url: str) -> SparkSession:
    from pyspark.sql.connect.client.retries import DefaultPolicy
    from pyspark.sql.connect.session import SparkSession

    # create(), not getOrCreate(): the latter returns the process's first session for any later URL.
    session = SparkSession.builder.remote(url).create()
    # A local engine that does not answer is gone; the default would wait ten minutes to say so.
    session.client.set_retry_policies([DefaultPolicy(max_retries=5, max_backoff=2000)])
    session.conf.set("spark.sql.session.timeZone", "UTC")
    return session


@contextmanager
def open_engine(settings: Settings) -> Iterator[Engine]:
    """An engine for the time of a `with` block."""
    engine = Engine(settings.engine, Lake(settings.lake))
    try:
        yield engine
    finally:
        engine.close()
