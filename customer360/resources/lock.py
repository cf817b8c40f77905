"""One writer of a lake at a time, whoever it is: the command line, `dagster dev`, a second run.

The lock is the operating system's, so a writer that is killed holds nothing. Whoever gets it clears
away what a killed writer left: processes and scratch files. A lake behind a URL is locked for the
writers of this machine; between machines Dagster's run queue is what keeps runs apart.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from customer360.resources.processes import end_orphans

if TYPE_CHECKING:
    from customer360.resources.lake import Lake

_WORD_EVERY_SECONDS = 60.0


@contextmanager
def writing(lake: Lake, what: str, tell: Callable[[str], None]) -> Iterator[None]:
    """Hold a lake for the time of a `with` block; waits while somebody else does.

    Within one process the holder may take it again.

    Args:
        lake: The lake.
        what: Who holds it, for those who wait, as `customer360 run`.
        tell: Called with a sentence when there is something to wait for or to clear away.
    """
    folder = _folder(lake)
    folder.mkdir(parents=True, exist_ok=True)
    # One object per path and process, which counts how often it was taken.
    lock = FileLock(folder / "writer.lock", thread_local=False, is_singleton=True)
    _acquire(lock, folder / "writer.json", tell)
    try:
        if lock.lock_counter == 1:
            _introduce(folder / "writer.json", what)
            end_orphans(lake.url, tell)
            # Nobody else writes, so whatever is there belongs to a run that was killed.
            lake.remove_scratch()
        yield
    finally:
        lock.release()


def _folder(lake: Lake) -> Path:
    if not lake.is_remote:
        return Path(lake.url) / "_locks"
    digest = hashlib.sha256(lake.url.encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"customer360-{os.getuid()}-{digest}"


def _acquire(lock: FileLock, holder: Path, tell: Callable[[str], None]) -> None:
    timeout = 0.0
    while True:
        try:
            lock.acquire(timeout=timeout, poll_interval=0.2)
        except Timeout:
            tell(f"Waiting: the lake is being written by {_who(holder)}. Ctrl-C gives up.")
            timeout = _WORD_EVERY_SECONDS
        else:
            return


def _introduce(holder: Path, what: str) -> None:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    holder.write_text(json.dumps({"what": what, "pid": os.getpid(), "since": since}))


def _who(holder: Path) -> str:
    try:
        told = json.loads(holder.read_text())
    except (OSError, ValueError):
        # It has the lock and has not introduced itself yet.
        return "another process"
    return f"{told['what']} (process {told['pid']}, since {told['since']})"
