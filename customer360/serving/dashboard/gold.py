"""Gold tables kept open for the pages: metadata is read once, and again when a table has changed.

A page reads one version of each table from begin to end. A refresh that replaces a table meanwhile
does not disturb it: the files of the version stay until upkeep removes them, days later; a page
that still meets a removed file is made again with the newest version (`app`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from customer360.errors import MissingTableError
from customer360.keys import TableKey
from customer360.resources.lake import Lake
from customer360.storage import arrow_filesystem

if TYPE_CHECKING:
    import pyarrow.dataset as ds
    from deltalake import DeltaTable

# How long a version is taken for the newest; a refresh takes minutes.
_FRESH_SECONDS: Final = 5.0


@dataclass
class _Open:
    """A table as it was last looked at."""

    table: DeltaTable
    dataset: ds.Dataset
    looked_at: float


@dataclass(frozen=True)
class GoldLake(Lake):
    """A lake whose tables stay open between pages; for reading only, from any thread.

    Attributes:
        clock: Seconds that only go on.
    """

    clock: Callable[[], float] = time.monotonic
    _open: dict[TableKey, _Open] = field(default_factory=dict, repr=False, compare=False)
    _locks: dict[TableKey, threading.Lock] = field(default_factory=dict, repr=False, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def dataset(self, key: TableKey) -> ds.Dataset:
        """The newest version of a table, as an Arrow dataset.

        Raises:
            MissingTableError: There is no such table.
        """
        # A lock for each table: on remote storage others must not wait while one is opened.
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            return self._current(key).dataset

    def forget(self) -> None:
        """Look at all tables anew."""
        with self._lock:
            self._open.clear()

    def _current(self, key: TableKey) -> _Open:
        now = self.clock()
        kept = self._open.get(key)
        if kept is not None and now - kept.looked_at < _FRESH_SECONDS:
            return kept
        # Opened anew and not updated in place: a page on another thread may be reading it.
        try:
            table = self.delta(key)
        except MissingTableError:
            self._open.pop(key, None)
            raise
        if kept is not None and table.version() == kept.table.version():
            kept.looked_at = now
            return kept
        files = arrow_filesystem(self.table_url(key))
        opened = _Open(table, table.to_pyarrow_dataset(filesystem=files), now)
        self._open[key] = opened
        return opened
