"""Processes that work for this one, and those that outlived the one they worked for.

A run that is killed leaves its dbt process and its Apache Spark server behind: dbt retries against
an engine that is gone, or goes on writing through one that is not. Every such child carries the
mark of its owner in its environment, so the next writer of the lake finds and ends it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from typing import Final

import psutil

# Which process a child works for, as `process_mark` spells it.
OWNER: Final = "C360_OWNER"
# And on which lake.
LAKE: Final = "C360_LAKE_URL"
_PATIENCE_SECONDS: Final = 10


def process_mark() -> str:
    """`host:pid:start` of this process; unlike a pid alone it never names another one."""
    me = psutil.Process()
    return f"{socket.gethostname()}:{me.pid}:{me.create_time():.2f}"


def is_gone(mark: str) -> bool:
    """Whether a process of this machine has ended; of another machine's nothing is known."""
    host, pid, start = mark.rsplit(":", 2)
    if host != socket.gethostname():
        return False
    try:
        process = psutil.Process(int(pid))
        return f"{process.create_time():.2f}" != start or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def end_orphans(lake_url: str, tell: Callable[[str], None]) -> None:
    """End processes whose owner has ended, but for those that work on another lake.

    Args:
        lake_url: The lake that the caller holds.
        tell: Called with a sentence per process.
    """
    # A child of an orphan carries the same mark, so families need no following.
    orphans = list(_orphans(lake_url))
    for process, name in orphans:
        tell(f"Ending process {process.pid} ({name}), left over by a run that was killed")
        _signal(process, "terminate")
    _, alive = psutil.wait_procs([p for p, _ in orphans], timeout=_PATIENCE_SECONDS)
    for process in alive:
        _signal(process, "kill")
    psutil.wait_procs(alive, timeout=_PATIENCE_SECONDS)


def _orphans(lake_url: str) -> Iterator[tuple[psutil.Process, str]]:
    """Processes whose owner has ended, with their names."""
    for process in psutil.process_iter():
        try:
            made, name = process.environ(), process.name()
        except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
            # Somebody else's, or ended since.
            continue
        owner = made.get(OWNER)
        elsewhere = made.get(LAKE, lake_url) != lake_url
        if owner and not elsewhere and process.pid != os.getpid() and is_gone(owner):
            yield process, name


def _signal(process: psutil.Process, how: str) -> None:
    try:
        getattr(process, how)()
    except psutil.NoSuchProcess:
        return
