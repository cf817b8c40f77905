"""A gateway to a Spark Connect server, as Databricks has one: it demands a token and a cluster.

It can be told to break connections in the middle of an answer, and to forget sessions.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

import grpc
from pyspark.sql.connect import proto
from pyspark.sql.connect.proto import base_pb2_grpc as service

from customer360_tests.certificates import Certificate

_STREAMING: Final = frozenset({"ExecutePlan", "ReattachExecute"})
_STREAMED: Final = frozenset({"AddArtifacts"})
_UNLIMITED: Final = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
# What is the gateway's own and not the server's.
_OWN_METADATA: Final = ("authorization", "user-agent", "x-databricks-")


def _as_is(message: bytes) -> bytes:
    return message


class Gateway(grpc.GenericRpcHandler):
    """Checks who calls, and hands calls on.

    Attributes:
        url: Where it is reached, once it listens.
        token: What callers must bear.
        cluster: The cluster that they must name; with None, serverless compute.
        drops_left: How many more answers are broken off after their first message.
        forgets_at: Counts down the plans that are run; at 0 their session is closed beforehand.
        calls: Names of the remote calls, in order.
        denied: How many calls bore no good token, or named another cluster.
    """

    def __init__(self, server: str, token: str, cluster: str | None) -> None:
        self._channel = grpc.insecure_channel(server, options=_UNLIMITED)
        self.token, self.cluster = token, cluster
        self.url = ""
        self.drops_left = 0
        self.forgets_at: int | None = None
        self.calls: list[str] = []
        self.denied = 0

    def service(self, details: Any) -> Any:
        """The handler of one call."""
        name = details.method.rsplit("/", 1)[1]
        self.calls.append(name)
        metadata = dict(details.invocation_metadata)
        handed_on = [(k, v) for k, v in metadata.items() if not k.startswith(_OWN_METADATA)]
        if not self._may_pass(metadata):
            self.denied += 1
            return grpc.unary_stream_rpc_method_handler(_deny)
        if name in _STREAMING:
            ask = self._channel.unary_stream(details.method, _as_is, _as_is)
            return grpc.unary_stream_rpc_method_handler(
                lambda request, context: self._stream(ask, request, handed_on, context)
            )
        if name in _STREAMED:
            send = self._channel.stream_unary(details.method, _as_is, _as_is)
            return grpc.stream_unary_rpc_method_handler(
                lambda requests, context: _relayed(
                    lambda: send(requests, metadata=handed_on), context
                )
            )
        call = self._channel.unary_unary(details.method, _as_is, _as_is)
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: _relayed(lambda: call(request, metadata=handed_on), context)
        )

    def _may_pass(self, metadata: dict[str, str]) -> bool:
        if metadata.get("authorization") != f"Bearer {self.token}":
            return False
        if self.cluster is None:
            return "x-databricks-session-id" in metadata
        return metadata.get("x-databricks-cluster-id") == self.cluster

    def _stream(
        self, ask: Any, request: bytes, metadata: list[tuple[str, str]], context: Any
    ) -> Iterator[bytes]:
        self._forget(request)
        try:
            for message in ask(request, metadata=metadata):
                yield message
                if self.drops_left > 0:
                    self.drops_left -= 1
                    context.abort(grpc.StatusCode.UNAVAILABLE, "connection reset by the gateway")
        except grpc.RpcError as error:
            _hand_on(error, context)

    def lead_to(self, server: str) -> None:
        """Lead to another server from now on, as if the cluster had been started again."""
        self._channel = grpc.insecure_channel(server, options=_UNLIMITED)

    def _forget(self, request: bytes) -> None:
        """Close the session of a plan, if it is the plan to do that at."""
        if self.forgets_at is None:
            return
        self.forgets_at -= 1
        if self.forgets_at >= 0:
            return
        self.forgets_at = None
        plan = proto.ExecutePlanRequest.FromString(request)
        release = proto.ReleaseSessionRequest(
            session_id=plan.session_id, user_context=plan.user_context
        )
        service.SparkConnectServiceStub(self._channel).ReleaseSession(release)


def _relayed(call: Any, context: Any) -> Any:
    try:
        return call()
    except grpc.RpcError as error:
        return _hand_on(error, context)


def _hand_on(error: Any, context: Any) -> None:
    """Tell the caller what the server told; its details are in the trailing metadata."""
    context.set_trailing_metadata(error.trailing_metadata())
    context.abort(error.code(), error.details())


def _deny(_: bytes, context: Any) -> Iterator[bytes]:
    context.abort(grpc.StatusCode.UNAUTHENTICATED, "Invalid access token, or no such cluster.")
    yield b""


@contextmanager
def serving(
    server: str, token: str, cluster: str | None, certificate: Certificate
) -> Iterator[Gateway]:
    """A gateway on a free port with TLS, for the time of a `with` block.

    Args:
        server: Address of the Spark Connect server.
        token: What callers must bear.
        cluster: The cluster that they must name; None: serverless compute.
        certificate: The gateway's.

    """
    gateway = Gateway(server, token, cluster)
    listening = grpc.server(ThreadPoolExecutor(16), options=_UNLIMITED)
    listening.add_generic_rpc_handlers((gateway,))
    pair = (certificate.key.read_bytes(), certificate.path.read_bytes())
    port = listening.add_secure_port("localhost:0", grpc.ssl_server_credentials([pair]))
    listening.start()
    gateway.url = f"sc://localhost:{port}"
    try:
        yield gateway
    finally:
        listening.stop(grace=None)
