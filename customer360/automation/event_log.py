"""Dagster's SQLite event log, storing a batch of events in one transaction.

A run over 60 landing days writes 60 planned and 60 materialization events per partitioned asset.
Dagster hands them over in batches (`DAGSTER_EVENT_BATCH_SIZE`, set by `commands.instance` and the
Makefile), but its SQLite storage opens, commits and closes three connections per event all the
same, and writes the asset's row anew: minutes for seconds of work (docs/decisions/0001). Named in
dagster.yaml; a deployment on Postgres does not need it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME

if TYPE_CHECKING:
    from dagster import AssetKey, DagsterEventType, EventLogEntry
    from dagster._serdes import ConfigurableClassData
    from sqlalchemy.engine import Connection


class BatchedSqliteEventLogStorage(SqliteEventLogStorage):
    """The library's storage, except that a batch shares transactions and each asset's row."""

    _db_lock: Any  # The library's is a plain lock, ours a reentrant one.

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        """Open the storage; arguments are the library's."""
        # The library's constructor connects already.
        self._batch_lock = threading.RLock()
        self._held: dict[str, Connection] | None = None
        self._stack = ExitStack()
        self._last: dict[tuple[AssetKey | None, DagsterEventType], tuple[EventLogEntry, int]] = {}
        self._tagged: list[tuple[int, EventLogEntry]] = []
        super().__init__(base_dir, inst_data)
        # A batch holds connections while each of its events asks for one.
        self._db_lock = threading.RLock()

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

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        # Locked before looking: what is held belongs to the thread whose batch it is. Another one
        # that took part would leave its connection, and this lock, held when the batch has ended.
        with self._batch_lock:
            if self._held is None:
                with super()._connect(shard) as connection:
                    yield connection
                return
            if shard not in self._held:
                self._held[shard] = self._stack.enter_context(super()._connect(shard))
            yield self._held[shard]
