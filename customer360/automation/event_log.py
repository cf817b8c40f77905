"""Dagster's SQLite event log, keeping connections open and storing a batch in one transaction.

A run over 60 landing days writes 60 planned and 60 materialization events per partitioned asset.
Dagster hands them over in batches (`DAGSTER_EVENT_BATCH_SIZE`, set by `commands.instance` and the
Makefile), but its SQLite storage opens, commits and closes three connections per event all the
same, compiles every statement anew for each, and writes the asset's row anew: minutes for seconds
of work, and a fifth of a small refresh (docs/decisions/0001). Named in dagster.yaml; a deployment
on Postgres does not need it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.sql import create_engine
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.pool import StaticPool

if TYPE_CHECKING:
    from dagster import AssetKey, DagsterEventType, EventLogEntry
    from dagster._serdes import ConfigurableClassData
    from sqlalchemy.engine import Connection, Engine

# Databases that stay open: the index and the runs that were used last.
_KEPT: Final = 4


class BatchedSqliteEventLogStorage(SqliteEventLogStorage):
    """The library's storage, but connections are kept and a batch shares transactions and rows."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        """Open the storage; arguments are the library's."""
        # The library's constructor connects already.
        self._batch_lock = threading.RLock()
        self._held: dict[str, Connection] | None = None
        self._stack = ExitStack()
        self._last: dict[tuple[AssetKey | None, DagsterEventType], tuple[EventLogEntry, int]] = {}
        self._tagged: list[tuple[int, EventLogEntry]] = []
        # The last used last.
        self._engines: dict[str, Engine] = {}
        self._there: set[tuple[str, str]] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> BatchedSqliteEventLogStorage:
        """Made by Dagster from dagster.yaml; the library's own makes its own class."""
        return cls(inst_data=inst_data, **config_value)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store a batch of events, all of them or none."""
        with self._batch_lock, ExitStack() as stack:
            self._held, self._stack, self._last, self._tagged = {}, stack, {}, []
            try:
                super().store_event_batch(events)
                self._store_deferred()
            finally:
                self._held = None

    def _store_deferred(self) -> None:
        """Store what a batch needs once: its tags, and the last event of each asset."""
        if not self._tagged:
            return
        with self._connect(INDEX_SHARD_NAME) as connection:
            ids, events = zip(*self._tagged, strict=True)
            super()._store_asset_event_tags(connection, events, ids)
            for event, event_id in self._last.values():
                super()._store_asset_event(connection, event, event_id)

    def _store_asset_event_tags(
        self, conn: Connection, events: Sequence[EventLogEntry], event_ids: Sequence[int]
    ) -> None:
        if self._held is None:
            super()._store_asset_event_tags(conn, events, event_ids)
        else:
            self._tagged += zip(event_ids, events, strict=True)

    def _store_asset_event(self, conn: Connection, event: EventLogEntry, event_id: int) -> None:
        """Keep what the asset's row shall say; a later event of a kind says it anew."""
        told = event.dagster_event
        if self._held is None or told is None:
            super()._store_asset_event(conn, event, event_id)
        else:
            self._last[told.asset_key, told.event_type] = (event, event_id)

    def has_table(self, table_name: str) -> bool:
        """Whether a table is there; the library asks at every event with tags."""
        return self._has("table", table_name, partial(super().has_table, table_name))

    def has_secondary_index(self, name: str) -> bool:
        """Whether a migration was done; the library asks at every look at an asset."""
        return self._has("index", name, partial(super().has_secondary_index, name))

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        ask = partial(super()._has_asset_key_col_on_connection, conn, column_name)
        return self._has("column", column_name, ask)

    def _has(self, kind: str, name: str, ask: Callable[[], bool]) -> bool:
        """Ask until it is there: what a database has it keeps."""
        if (kind, name) not in self._there and ask():
            self._there.add((kind, name))
        return (kind, name) in self._there

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        # Locked before looking: what is held belongs to the thread whose batch it is. Another one
        # that took part would leave its transaction, and this lock, held when the batch has ended.
        with self._batch_lock:
            if self._held is None:
                with self._engine(shard).begin() as connection:
                    yield connection
                return
            if shard not in self._held:
                self._held[shard] = self._stack.enter_context(self._engine(shard).begin())
            yield self._held[shard]

    def _engine(self, shard: str) -> Engine:
        """The kept connection to a database, with the statements it has compiled."""
        engine = self._engines.pop(shard, None) or self._opened(shard)
        idle = [name for name in self._engines if name not in (self._held or ())]
        for name in idle[: max(0, len(self._engines) + 1 - _KEPT)]:
            self._engines.pop(name).dispose()
        self._engines[shard] = engine
        return engine

    def _opened(self, shard: str) -> Engine:
        # One connection for all threads: `_batch_lock` lets one of them at it.
        engine = create_engine(
            self.conn_string_for_shard(shard),
            poolclass=StaticPool,
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        )
        sqlalchemy_event.listen(engine, "connect", _trust_the_system)
        if shard not in self._initialized_dbs:
            self._initdb(engine)
            self._initialized_dbs.add(shard)
        return engine

    def wipe(self) -> None:
        """Delete all events; nothing that is deleted stays open."""
        self._close()
        self._there.clear()
        super().wipe()

    def dispose(self) -> None:
        """Close what is open."""
        super().dispose()
        self._close()

    def _close(self) -> None:
        with self._batch_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()


def _trust_the_system(connection: Any, _: object) -> None:
    """Leave it to the operating system when a commit reaches the disk.

    A process that is killed loses nothing by it. A machine that loses its power may lose the last
    events of its history, which then tells of a run that did not end; never of the lake.
    """
    connection.execute("PRAGMA synchronous = NORMAL")
