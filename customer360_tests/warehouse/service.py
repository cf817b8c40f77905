"""The warehouse's remote calls, and the HTTP server in front of them."""

from __future__ import annotations

import ssl
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from databricks.sql.thrift_api.TCLIService import TCLIService, ttypes
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TTransport import TMemoryBuffer

from customer360_tests.certificates import Certificate
from customer360_tests.warehouse.facts import Facts
from customer360_tests.warehouse.statements import Session
from customer360_tests.warehouse.wire import OK, Operation

# A real warehouse answers a quick statement at once, too; a slow one is asked about again.
_PATIENCE_SECONDS: Final = 5
HTTP_PATH: Final = "/sql/1.0/warehouses/standin"


class Warehouse:
    """Sessions and operations; the methods are the remote calls, by the names they have.

    Attributes:
        statements: Every statement that was sent, in order.
        errors: What those that failed were told.
        facts: What its catalog was told of tables.
    """

    def __init__(self, engine_url: str) -> None:
        self._engine_url = engine_url
        self.facts = Facts()
        self._sessions: dict[bytes, Session] = {}
        self._operations: dict[bytes, Operation] = {}
        self._workers = ThreadPoolExecutor(16)
        self.statements: list[str] = []
        self.errors: list[str] = []

    def OpenSession(self, request: Any) -> Any:  # noqa: N802
        """One session of the engine for each of the connector's."""
        namespace = request.initialNamespace or ttypes.TNamespace()
        identity = _handle()
        self._sessions[identity.guid] = Session(
            self._engine_url, self.facts, namespace.schemaName or "default"
        )
        return ttypes.TOpenSessionResp(
            status=OK,
            serverProtocolVersion=ttypes.TProtocolVersion.SPARK_CLI_SERVICE_PROTOCOL_V8,
            sessionHandle=ttypes.TSessionHandle(sessionId=identity),
            configuration={},
            initialNamespace=request.initialNamespace,
            canUseMultipleCatalogs=True,
        )

    def CloseSession(self, request: Any) -> Any:  # noqa: N802
        """Close the engine's session, too."""
        session = self._sessions.pop(request.sessionHandle.sessionId.guid, None)
        if session is not None:
            self._workers.submit(session.close)
        return ttypes.TCloseSessionResp(status=OK)

    def ExecuteStatement(self, request: Any) -> Any:  # noqa: N802
        """Start a statement; a quick one is answered at once."""
        session = self._sessions[request.sessionHandle.sessionId.guid]
        identity = _handle()
        tag = identity.guid.hex()
        self.statements.append(request.statement)
        operation = Operation(
            self._workers.submit(session.run, request.statement, tag),
            cancel=lambda: session.interrupt(tag),
        )
        self._operations[identity.guid] = operation
        results = operation.at_once(request.getDirectResults, _PATIENCE_SECONDS)
        if results.operationStatus.errorMessage:
            self.errors.append(results.operationStatus.errorMessage)
        return ttypes.TExecuteStatementResp(
            status=OK,
            operationHandle=ttypes.TOperationHandle(
                operationId=identity,
                operationType=ttypes.TOperationType.EXECUTE_STATEMENT,
                hasResultSet=True,
            ),
            directResults=results,
        )

    def GetOperationStatus(self, request: Any) -> Any:  # noqa: N802
        """Whether a slow statement is done by now."""
        status = self._operation(request).status(2)
        if status.errorMessage:
            self.errors.append(status.errorMessage)
        return status

    def GetResultSetMetadata(self, request: Any) -> Any:  # noqa: N802
        """The columns of a slow statement's result."""
        return self._operation(request).metadata()

    def FetchResults(self, request: Any) -> Any:  # noqa: N802
        """More rows."""
        operation = self._operation(request)
        fetched = operation.fetch(request.maxRows)
        if request.includeResultSetMetadata:
            fetched.resultSetMetadata = operation.metadata()
        return fetched

    def CancelOperation(self, request: Any) -> Any:  # noqa: N802
        """Stop a statement."""
        self._operation(request).cancel()
        return ttypes.TCancelOperationResp(status=OK)

    def CloseOperation(self, request: Any) -> Any:  # noqa: N802
        """Forget a statement."""
        self._operations.pop(request.operationHandle.operationId.guid, None)
        return ttypes.TCloseOperationResp(status=OK)

    def execute(self, statement: str) -> None:
        """Run a statement as somebody else in the workspace would."""
        session = Session(self._engine_url, self.facts, "default")
        session.run(statement, "somebody-else")
        session.close()

    def _operation(self, request: Any) -> Operation:
        return self._operations[request.operationHandle.operationId.guid]

    def close(self) -> None:
        """Close every session."""
        for session in self._sessions.values():
            session.close()
        self._workers.shutdown()


def _handle() -> Any:
    return ttypes.THandleIdentifier(guid=uuid.uuid4().bytes, secret=uuid.uuid4().bytes)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, warehouse: Warehouse, token: str, certificate: Certificate) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.warehouse, self.token = warehouse, token
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.path, certificate.key)
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        """The connector asks which features there are: none."""
        self._answer(200, b"{}", "application/json")

    def do_POST(self) -> None:
        """A remote call, or telemetry that nobody wants."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Authorization") != f"Bearer {self.server.token}":
            self._answer(403, b"{}", "application/json")
        elif self.path != HTTP_PATH:
            self._answer(200, b"{}", "application/json")
        else:
            reply = TMemoryBuffer()
            processor = TCLIService.Processor(self.server.warehouse)
            processor.process(TBinaryProtocol(TMemoryBuffer(body)), TBinaryProtocol(reply))
            self._answer(200, reply.getvalue(), "application/x-thrift")

    def _answer(self, code: int, body: bytes, kind: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Requests are no news."""


@contextmanager
def serving(
    engine_url: str, token: str, certificate: Certificate
) -> Iterator[tuple[Warehouse, int]]:
    """A warehouse on a free port, for the time of a `with` block.

    Args:
        engine_url: Spark Connect URL of the engine behind it.
        token: What clients must bear.
        certificate: The warehouse's.

    Yields:
        The warehouse and its port.
    """
    warehouse = Warehouse(engine_url)
    server = _Server(warehouse, token, certificate)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield warehouse, server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        warehouse.close()
