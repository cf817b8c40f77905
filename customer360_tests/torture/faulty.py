"""`customer360 run` in a process in which something goes wrong at a chosen write.

    python -m customer360_tests.torture.faulty <engine|disk|conflict|nothing> <write> <seconds>

A write is a statement of this process that replaces rows of a table, counted from 0; -1 means none.
With seconds that are not negative, the engine or the disk goes that long after dbt began. Says how
many writes there were.
"""

from __future__ import annotations

import resource
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil

from customer360.cli import main
from customer360.keys import TableKey
from customer360.resources.lake import Lake
from customer360.resources.session import Engine

# No file may become longer: what a full disk does to whoever writes data, logs or events.
_FULL_DISK_BYTES = 512
_POLL_SECONDS = 0.05
_engines: list[Engine] = []
# An engine that is to die before it is open, as among the writes of bronze, dies when it opens.
_doomed = threading.Event()


def _engine_dies() -> None:
    _doomed.set()
    for engine in _engines:
        engine._server.stop()


def _disk_is_full() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FULL_DISK_BYTES, resource.RLIM_INFINITY))


class _Conflict:
    """Commits to a table, again and again, while somebody else wants to."""

    def __init__(self, lake: Lake, key: TableKey) -> None:
        self._table = lake.delta(key) if lake.exists(key) else None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._commit, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _commit(self) -> None:
        number = 0
        while self._table is not None and not self._stop.is_set():
            self._table.update_incremental()
            self._table.alter.set_table_properties(
                {"torture": str(number)}, raise_if_not_exists=False
            )
            number += 1


def _watch_dbt(seconds: float, happens: Callable[[], None]) -> None:
    while not any(
        "dbt" in " ".join(_command(p)) for p in psutil.Process().children(recursive=True)
    ):
        time.sleep(_POLL_SECONDS)
    time.sleep(seconds)
    happens()


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _run(kind: str, at_write: int, seconds: float) -> None:
    happens = {"engine": _engine_dies, "disk": _disk_is_full}.get(kind, lambda: None)
    opened, write, replace_days = Engine.__init__, Engine._write, Lake.replace_days
    writes = [0]

    def open_(engine: Engine, *arguments: Any, **named: Any) -> None:
        opened(engine, *arguments, **named)
        _engines.append(engine)
        if _doomed.is_set():
            _engine_dies()

    def counted(original: Callable[..., None]) -> Callable[..., None]:
        def wrapped(self: Any, key: TableKey, *arguments: Any) -> None:
            number, writes[0] = writes[0], writes[0] + 1
            if number != at_write:
                original(self, key, *arguments)
                return
            happens()
            if kind != "conflict":
                original(self, key, *arguments)
                return
            with _Conflict(getattr(self, "lake", self), key):
                original(self, key, *arguments)

        return wrapped

    Engine.__init__ = open_  # type: ignore[method-assign]
    Engine._write = counted(write)  # type: ignore[method-assign]
    Lake.replace_days = counted(replace_days)  # type: ignore[method-assign]
    if seconds >= 0:
        threading.Thread(target=_watch_dbt, args=(seconds, happens), daemon=True).start()
    try:
        main(["run"], standalone_mode=False)
    finally:
        sys.stdout.write(f"writes: {writes[0]}\n")


if __name__ == "__main__":
    _run(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
