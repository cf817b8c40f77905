"""Commands in tests: real processes that can be watched, killed and waited for."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from customer360.resources.lake import Lake
from customer360.resources.processes import OWNER

_PATIENCE_SECONDS = 240


def customer360(*arguments: str) -> tuple[str, ...]:
    """The command line of a `customer360` command."""
    return (str(Path(sys.executable).parent / "customer360"), *arguments)


class Command:
    """A command on a lake, as a process of its own."""

    def __init__(
        self,
        lake: Lake,
        name: str,
        words: tuple[str, ...],
        extra: Mapping[str, str] | None = None,
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> None:
        self._patience = patience_seconds
        self._out = Path(lake.url).parent / f"{name}.log"
        self._log = self._out.open("wb")
        self.process = subprocess.Popen(
            words,
            env=os.environ | {"C360_LAKE": lake.url} | (extra or {}),
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def said(self) -> str:
        return self._out.read_text(errors="replace")

    def wait_until(self, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + self._patience
        while not happened():
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.05)

    def ended(self) -> str:
        """What it said, when it has ended well."""
        code = self.process.wait(self._patience)
        assert code == 0, f"exit code {code}\n{self.said}"
        return self.said

    def code(self) -> int:
        """Its exit code, when it has ended one way or another."""
        return self.process.wait(self._patience)

    def close(self) -> None:
        # The run itself is gone or ended; its group may hold a dbt that a failed test left.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._log.close()


def children(lake: Lake) -> list[psutil.Process]:
    """Processes that work for a run on a lake, whoever started them."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
            made = process.environ()
            if OWNER in made and made.get("C360_LAKE_URL") == lake.url:
                found.append(process)
    return found
