"""HTTP stand-ins: what all of them have in common. On loopback, unless somebody says otherwise."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LOOPBACK = "127.0.0.1"


@contextlib.contextmanager
def serving_http(
    handler: type[BaseHTTPRequestHandler], host: str = LOOPBACK, port: int = 0
) -> Iterator[str]:
    """Serve for the time of a `with` block, on a free port if it is 0; gives the address."""
    server = ThreadingHTTPServer((host, port), handler)
    thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class JsonHandler(BaseHTTPRequestHandler):
    """Reads and sends JSON, and says nothing in the test's output."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def answer(self) -> None:
        """Answer the request, whatever its method."""
        raise NotImplementedError

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def body(self) -> Any:
        """The request's JSON; an empty object where it has none."""
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")

    def send(self, status: int, content: Any, headers: Mapping[str, str]) -> None:
        """Answer the request."""
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
