"""The `engine` resource: dagster-pyspark's lazy one, with our way of making and closing a session.

The library's own returns the process's first session for any later URL and never closes it.
"""

from collections.abc import Callable
from typing import Any

import dagster as dg
from dagster_pyspark import LazyPySparkResource
from pydantic import PrivateAttr

from customer360.resources.lake import Lake
from customer360.resources.servers import EngineServer
from customer360.resources.session import Engine


class EngineResource(LazyPySparkResource):
    """Starts an engine at first use, with the lake's tables registered; closes it after the run.

    Attributes:
        kind: `sail`, `spark` or `databricks`.
        start: Makes the server. No field: it may know a token, and Dagster shows what fields hold.
        lake: The lake it works on; a run that uses the engine holds it.
    """

    spark_config: dict[str, Any] = {}  # noqa: RUF012 - a pydantic field of the base class
    kind: str
    lake: dg.ResourceDependency[Lake]
    start: dg.ResourceDependency[Callable[[], EngineServer]]
    _engine: Engine | None = PrivateAttr(default=None)
    _spark_session: Any = PrivateAttr(default=None)

    def _init_session(self) -> None:
        if self._engine is None:
            self._engine = Engine(self.kind, self.lake, self.start)
            self._spark_session = self._engine.session

    @property
    def open(self) -> Engine:
        """The open engine."""
        self._init_session()
        if self._engine is None:  # pragma: no cover - _init_session sets or raises
            raise RuntimeError("engine did not open")
        return self._engine

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Close the session, then the server."""
        del context
        if self._engine is not None:
            self._engine.close()
            self._engine = self._spark_session = None
