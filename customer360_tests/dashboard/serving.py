"""The dashboard as people have it: `customer360 dashboard` in a process of its own, a browser."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Debian's; Playwright's own would be a download.
CHROMIUM: Final = "/usr/bin/chromium"
_PATIENCE_SECONDS: Final = 120


@dataclass(frozen=True)
class Served:
    """A dashboard that answers.

    Attributes:
        url: Its address, without a slash at the end.
        log: File with everything it says.
        process_id: Its process.
    """

    url: str
    log: Path
    process_id: int


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
    return port


@contextmanager
def served(
    lake: str, folder: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> Iterator[Served]:
    """Serve a lake's dashboard for the time of a `with` block.

    Args:
        lake: The lake's URL.
        folder: Where its log goes.
        arguments: More of the command line.
        environment: More variables.
    """
    port = free_port()
    command = [str(Path(sys.executable).parent / "customer360"), "dashboard", "--port", str(port)]
    log = folder / f"dashboard-{port}.log"
    variables = os.environ | {"C360_LAKE": lake, **(environment or {})}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, *arguments], env=variables, stdout=out, stderr=subprocess.STDOUT
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(url, process, log)
            yield Served(url, log, process.pid)
        finally:
            process.terminate()
            process.wait(timeout=_PATIENCE_SECONDS)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5):  # noqa: S310 -- http://127.0.0.1
                return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.05)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium without a window, for the time of a `with` block."""
    from playwright.sync_api import sync_playwright

    assert Path(CHROMIUM).exists(), "The browser is missing. Debian: apt-get install chromium"
    with sync_playwright() as playwright:
        # In a container there is no user namespace for its sandbox; it opens our own pages only.
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()
