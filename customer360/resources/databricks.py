"""The Databricks engine: Spark Connect to a cluster or to serverless compute.

Who we are and where the workspace is, databricks-sdk finds out by its unified authentication
(environment variables, a profile, Azure identities …). Credentials are asked for anew by every call
and put into no URL: they are nowhere to be logged, and one that expires in an hour is no end.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from customer360 import credentials
from customer360.errors import EngineError
from customer360.resources.clusters import answers, require_answer

if TYPE_CHECKING:
    from databricks.sdk.core import Config
    from pyspark.sql.connect.client import ChannelBuilder

_PORT: Final = 443
_USER_AGENT: Final = "customer360"


class DatabricksCompute:
    """A cluster, or serverless compute, of a Databricks workspace; used and never ended."""

    is_ours = False
    # Readers of the lake know Delta reader version 1; a workspace's default may be newer.
    table_properties = (
        "tblproperties ('delta.enableDeletionVectors' = 'false', "
        "'delta.checkpointPolicy' = 'classic')"
    )

    def __init__(self, catalog: str, address: str | None = None) -> None:
        """Find out who we are, and where the compute is.

        Args:
            catalog: The Unity Catalog to work in.
            address: `sc://` URL at which Spark Connect answers, when not at the workspace's own
                address: behind a proxy.

        Raises:
            EngineError: There are no credentials, no one compute is named, or nothing answers.
        """
        self.catalog: str | None = catalog
        self._config = _config()
        self._host, self._port = _place(address or self._config.host or "")
        self._compute = _compute(self._config)
        self.name = f"Databricks at {self._host}"
        require_answer(self._host, self._port, "C360_ENGINE_URL" if address else "DATABRICKS_HOST")

    def connection(self, session_id: str) -> ChannelBuilder:
        """What a client connects a session with; holds no credentials, it asks for them."""
        parameters = {"session_id": session_id, "user_agent": _USER_AGENT}
        # Serverless compute is told by its session, a cluster by its id.
        named = (
            {"x-databricks-cluster-id": self._compute}
            if self._compute
            else {"x-databricks-session-id": session_id}
        )
        return _channel_builder(self._host, self._port, parameters | named, self._config)

    @property
    def is_running(self) -> bool:
        """Whether the workspace can still be asked anything."""
        return answers(self._host, self._port) == ""

    def stop(self) -> None:
        """It stays as it was found: a cluster ends itself when nobody uses it."""


def _place(url: str) -> tuple[str, int]:
    """Host and port of a workspace's address, with or without a scheme."""
    place = urlsplit(url if "://" in url else f"//{url}")
    return place.hostname or "", place.port or _PORT


def _config() -> Config:
    """Workspace and credentials, as databricks-sdk finds them.

    Raises:
        EngineError: It finds none, or the workspace does not answer.
    """
    from databricks.sdk.core import Config

    credentials.fill_in(os.environ, credentials.DATABRICKS)
    # databricks-sdk asks the workspace about itself, and would go on asking for five minutes.
    host = os.environ.get("DATABRICKS_HOST")
    if host:
        require_answer(*_place(host), "DATABRICKS_HOST")
    try:
        return Config()
    except ValueError as error:
        raise EngineError(
            f"C360_ENGINE=databricks: no credentials for a workspace; databricks-sdk: {error}. "
            "Set DATABRICKS_HOST and DATABRICKS_TOKEN, or DATABRICKS_CLIENT_ID and "
            "DATABRICKS_CLIENT_SECRET, or DATABRICKS_CONFIG_PROFILE (docs/databricks.md)."
        ) from error


def _compute(config: Config) -> str:
    """Id of the cluster; empty for serverless compute.

    Raises:
        EngineError: Neither is named, or both.
    """
    cluster, serverless = config.cluster_id, config.serverless_compute_id
    if bool(cluster) == bool(serverless):
        found = "both are" if cluster else "neither is"
        raise EngineError(
            "C360_ENGINE=databricks needs a cluster (DATABRICKS_CLUSTER_ID) or serverless compute "
            f"(DATABRICKS_SERVERLESS_COMPUTE_ID=auto); {found} named."
        )
    return cluster or ""


def _channel_builder(
    host: str, port: int, parameters: dict[str, str], config: Config
) -> ChannelBuilder:
    """A channel builder whose every call bears credentials that are good at that time."""
    import grpc
    from pyspark.sql.connect.client import DefaultChannelBuilder

    class Credentials(grpc.AuthMetadataPlugin):  # type: ignore[misc]
        def __call__(self, _: Any, callback: Any) -> None:
            try:
                headers = config.authenticate()
            except Exception as error:  # noqa: BLE001 - gRPC wants it handed on, not raised
                callback((), error)
                return
            callback(tuple((name.lower(), value) for name, value in headers.items()), None)

    class Builder(DefaultChannelBuilder):
        def toChannel(self) -> grpc.Channel:  # noqa: N802 - pyspark's name
            calls = grpc.metadata_call_credentials(Credentials())
            secured = grpc.composite_channel_credentials(grpc.ssl_channel_credentials(), calls)
            return self._secure_channel(self.endpoint, secured)

    builder = Builder(f"sc://{host}:{port}")
    for name, value in parameters.items():
        builder.set(name, value)
    return builder
