"""A Spark Connect client whose session may be lost, and is opened again.

A cluster restarts, an idle session is closed: the next request is refused, for good. What was asked
is then asked once more of a new session. That is right because every write of ours may be repeated.
A connection that drops is none of this: pyspark reattaches to the running operation by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from pyspark.sql.connect.client import SparkConnectClient

# What a server or the client itself says of a session that is gone.
_LOST: Final = re.compile(
    r"INVALID_HANDLE\.SESSION_|server side session identifier|NO_ACTIVE_SESSION"
)


def is_lost(error: BaseException) -> bool:
    """Whether an error says that the session is gone."""
    condition = getattr(error, "getCondition", lambda: None)()
    return bool(_LOST.search(f"{condition} {error}"))


class ReopeningClient(SparkConnectClient):
    """A client that asks once more, through another one, when its session is gone."""

    def __init__(self, connection: Any, reopen: Callable[[], SparkConnectClient]) -> None:
        """Connect.

        Args:
            connection: A Spark Connect URL or a channel builder, with a session id.
            reopen: Opens another session and gives its client; called when this one's is gone.
        """
        super().__init__(connection=connection)
        self._reopen = reopen

    def _another(self, error: BaseException) -> SparkConnectClient:
        """The client of a new session; raises the error if it tells of anything else."""
        if not is_lost(error):
            raise error
        return self._reopen()

    def _analyze(self, method: str, **kwargs: Any) -> Any:
        try:
            return super()._analyze(method, **kwargs)
        except Exception as error:  # noqa: BLE001 - raised again unless the session is gone
            # The base class's method: a session lost twice in a row is a failure.
            another = self._another(error)
            return SparkConnectClient._analyze(another, method, **kwargs)  # noqa: SLF001

    def config(self, operation: Any) -> Any:
        """Read or set configuration."""
        try:
            return super().config(operation)
        except Exception as error:  # noqa: BLE001 - raised again unless the session is gone
            return SparkConnectClient.config(self._another(error), operation)

    def _execute(self, req: Any) -> None:
        try:
            super()._execute(req)
        except Exception as error:  # noqa: BLE001 - raised again unless the session is gone
            another = self._another(error)
            SparkConnectClient._execute(another, _addressed(req, another))  # noqa: SLF001

    def _execute_and_fetch_as_iterator(
        self, req: Any, *arguments: Any, **named: Any
    ) -> Iterator[Any]:
        received = False
        try:
            for part in super()._execute_and_fetch_as_iterator(req, *arguments, **named):
                received = True
                yield part
        except Exception as error:
            # Rows that were handed on cannot be taken back.
            if received:
                raise
            another = self._another(error)
            asked = _addressed(req, another)
            run = SparkConnectClient._execute_and_fetch_as_iterator  # noqa: SLF001
            yield from run(another, asked, *arguments, **named)


def _addressed(request: Any, client: SparkConnectClient) -> Any:
    """The request as the client would have made it: its session, and an operation of its own."""
    made = client._execute_plan_request_with_metadata()  # noqa: SLF001 - no public way
    made.plan.CopyFrom(request.plan)
    return made
