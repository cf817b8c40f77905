"""Engines that run already, and that this process uses and never ends.

`RunningCluster` is a Spark Connect server by its URL. Databricks is in `resources.databricks`, the
servers that this process starts are in `resources.servers`.
"""

from __future__ import annotations

import socket
import time
from typing import Final
from urllib.parse import urlsplit

from customer360.errors import EngineError

_DEFAULT_PORT: Final = 15002
_CONNECT_SECONDS: Final = 10
_TRIES: Final = 3


class RunningCluster:
    """A Spark Connect server that somebody else runs."""

    is_ours = False
    catalog: str | None = None
    table_properties = ""

    def __init__(self, url: str) -> None:
        """Look whether it can be reached.

        Args:
            url: Its Spark Connect URL, without a session id; may carry a token.

        Raises:
            EngineError: Nothing answers at its address.
        """
        self._url = url
        place = urlsplit(url)
        self._host, self._port = place.hostname or "localhost", place.port or _DEFAULT_PORT
        self.name = f"the Spark cluster at {self._host}:{self._port}"
        require_answer(self._host, self._port, "C360_ENGINE_URL")

    def connection(self, session_id: str) -> str:
        """The URL of a session; as secret as the cluster's own."""
        place, _, parameters = self._url.partition(";")
        parts = [f"{place.rstrip('/')}/", parameters, f"session_id={session_id}"]
        return ";".join(part for part in parts if part)

    @property
    def is_running(self) -> bool:
        """Whether it can still be asked anything; a connection that fails once is tried again."""
        for _ in range(_TRIES):
            if answers(self._host, self._port) == "":
                return True
            time.sleep(1)
        return False

    def stop(self) -> None:
        """It stays as it was found."""


def answers(host: str, port: int) -> str:
    """Why nothing answers at an address; empty if something does."""
    try:
        socket.create_connection((host, port), timeout=_CONNECT_SECONDS).close()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def require_answer(host: str, port: int, named_by: str) -> None:
    """Refuse an address at which nothing answers; a Spark Connect client would retry for minutes.

    Raises:
        EngineError: With the reason.
    """
    reason = answers(host, port)
    if reason:
        raise EngineError(
            f"Nothing answers at {host}:{port}, named by {named_by}: {reason}. "
            "Is the cluster running, and reachable from here?"
        )
