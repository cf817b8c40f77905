"""Opening a session on an engine's server, and another one when a cluster has lost it."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from customer360.errors import EngineError

if TYPE_CHECKING:
    from pyspark.sql.connect.client import SparkConnectClient
    from pyspark.sql.connect.session import SparkSession

    from customer360.resources.servers import EngineServer

_LOGGER = logging.getLogger(__name__)


class OpenSession:
    """The session on a server: the same object for its users, whichever is behind it.

    Attributes:
        times: How often it has been opened.
    """

    def __init__(self, server: EngineServer, prepare: Callable[[SparkSession], None]) -> None:
        """Remember what to open.

        Args:
            server: Where.
            prepare: Registers the tables; called again for every session but the first.
        """
        self._server, self._prepare = server, prepare
        self._session: SparkSession | None = None
        self._connection: Any = None
        self._is_opening = False
        self.times = 0

    @property
    def url(self) -> str:
        """Spark Connect URL of the session.

        Raises:
            EngineError: The server is reached by no URL.
        """
        if not isinstance(self._connection, str):
            raise EngineError(
                f"{self._server.name} has no URL for other processes; dbt works on a SQL "
                "warehouse there (C360_DBT_TARGET=databricks)."
            )
        return self._connection

    def first(self) -> SparkSession:
        """Open the session.

        Raises:
            EngineError: A cluster does not let us in.
        """
        import pyspark.errors.utils
        from pyspark.sql.connect.session import SparkSession

        # Else every call on a column looks for IPython on the disk, to tell an error where it was
        # called from: a quarter of a small load's time. Its setting is one of the server's, and
        # static there.
        setattr(pyspark.errors.utils, "_enable_debugging_cache", False)  # noqa: B010 - typed None
        self._connection = self._server.connection(str(uuid.uuid4()))
        builder = SparkSession.Builder()
        # create(), not getOrCreate(): the latter returns the process's first session for any later
        # URL.
        if isinstance(self._connection, str):
            self._session = builder.remote(self._connection).create()
        else:
            self._session = builder.channelBuilder(self._connection).create()
        if not self._server.is_ours:
            self._replace_client(self._session)
        self._set_up(self._session)
        return self._session

    def close(self) -> None:
        """Release the session; a cluster that is gone is not waited for."""
        from pyspark.sql.connect.client.retries import DefaultPolicy

        if self._session is not None:
            client = self._session.client
            client.set_retry_policies([DefaultPolicy(max_retries=2, max_backoff=1000)])
            self._session.stop()
            self._session = None

    def _replace_client(self, session: SparkSession) -> None:
        """Put a client behind the session that can lose its own; pyspark's clone does the same."""
        from customer360.resources.reopening import ReopeningClient

        session._client.close()  # noqa: SLF001 - no public way to hand over a client
        client = ReopeningClient(self._connection, self._reopen)
        session._client, session._session_id = client, client._session_id  # noqa: SLF001

    def _reopen(self) -> SparkConnectClient:
        """Another session behind the same object, prepared like the first.

        Raises:
            EngineError: That one was lost, too, before it was ready.
        """
        session = self._session
        if session is None or self._is_opening:
            raise EngineError(f"{self._server.name} loses its sessions while they are opened.")
        _LOGGER.warning("The session on %s was lost; opening another.", self._server.name)
        self._connection = self._server.connection(str(uuid.uuid4()))
        self._is_opening = True
        try:
            self._replace_client(session)
            self._set_up(session)
            self._prepare(session)
        finally:
            self._is_opening = False
        return session._client  # noqa: SLF001

    def _set_up(self, session: SparkSession) -> None:
        from pyspark.errors import PySparkException
        from pyspark.sql.connect.client.retries import DefaultPolicy

        self.times += 1
        if self._server.is_ours:
            # A local engine that does not answer is gone; the default would wait ten minutes to
            # say so.
            policy = DefaultPolicy(max_retries=5, max_backoff=2000)
            session.client.set_retry_policies([policy])
        try:
            session.conf.set("spark.sql.session.timeZone", "UTC")
            if self._server.catalog:
                session.catalog.setCurrentCatalog(self._server.catalog)
        except PySparkException as error:
            if self._server.is_ours:
                raise
            raise EngineError(f"{self._server.name} cannot be used: {error}") from error
