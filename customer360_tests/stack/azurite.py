"""Azurite, Microsoft's emulator of Blob storage, and a proxy before it that fails on purpose."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web
from azure.storage.blob import BlobServiceClient
from yarl import URL

from customer360.settings import PROJECT_ROOT

SCRIPT = PROJECT_ROOT / ".tools" / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
# The account that every Azurite has; name and key are published in Microsoft's documentation.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
CONTAINER = "lake"
_START_SECONDS = 60
_SESSION = web.AppKey("session", ClientSession)


@dataclass(frozen=True)
class Azurite:
    """A running server.

    Attributes:
        port: Where it listens, on the loopback interface.
    """

    port: int

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/{ACCOUNT}"

    def url(self, path: str) -> str:
        """URL of a lake on it, as on ADLS."""
        return f"abfss://{CONTAINER}@{ACCOUNT}.dfs.core.windows.net/{path}"

    def environment(self, endpoint: str = "", **credential: str) -> dict[str, str]:
        """Variables that lead customer360 to it; by account key unless a credential is given."""
        given = credential or {"AZURE_STORAGE_ACCOUNT_KEY": KEY}
        return {"AZURE_STORAGE_ENDPOINT": endpoint or self.endpoint, **given}

    def client(self) -> BlobServiceClient:
        named = {"account_name": ACCOUNT, "account_key": KEY}
        return BlobServiceClient(self.endpoint, credential=named)


@contextmanager
def running_azurite(folder: Path) -> Iterator[Azurite]:
    """A server with an empty container, for the time of a `with` block."""
    node = shutil.which("node")
    assert node, "Azurite needs Node 20 or newer (Debian: nodejs, npm)"
    assert SCRIPT.exists(), "Azurite is not installed; `make azurite` does it"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [
        node, str(SCRIPT), "--silent", "--location", str(folder), "--disableTelemetry",
        "--blobHost", "127.0.0.1", "--blobPort", str(port), "--skipApiVersionCheck",
    ]  # fmt: skip
    with (folder / "azurite.log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT)
    try:
        azurite = Azurite(port)
        # The client tries again by itself until the server listens.
        client = azurite.client()
        with client:
            client.create_container(CONTAINER, timeout=_START_SECONDS, retry_total=12)
        yield azurite
    finally:
        process.terminate()
        process.wait()


@dataclass
class Faults:
    """What goes wrong on the way, counted; every figure is a number of requests.

    Attributes:
        throttled_every: Of requests of the tables' client: the storage is busy (503, 429 in turn).
        busy_every: Of other requests: the storage is busy (503). Azure's client waits for 15 s.
        cut_every: Of writes: the connection ends when the request has been received.
        unanswered_every: Of writes: it is done, and the connection ends before the answer.
        happened: How often each kind happened.
    """

    throttled_every: int = 0
    busy_every: int = 0
    cut_every: int = 0
    unanswered_every: int = 0
    happened: Counter[str] = field(default_factory=Counter)
    _seen: Counter[str] = field(default_factory=Counter)

    def of(self, request: web.Request) -> str | None:
        """The fault of the next request."""
        writes = request.method == "PUT"
        is_table = "object_store" in request.headers.get("User-Agent", "")
        for kind, every, counts in (
            ("throttled", self.throttled_every, is_table),
            ("busy", self.busy_every, not is_table),
            ("cut", self.cut_every, writes),
            ("unanswered", self.unanswered_every, writes),
        ):
            if every and counts:
                self._seen[kind] += 1
                if self._seen[kind] % every == 0:
                    self.happened[kind] += 1
                    return kind
        return None


@contextmanager
def failing_proxy(azurite: Azurite, faults: Faults) -> Iterator[str]:
    """Endpoint of a proxy that passes requests on, but for those that fail."""

    async def handle(request: web.Request) -> web.StreamResponse:
        body, kind = await request.read(), faults.of(request)
        if kind in ("throttled", "busy"):
            # Blob storage says 503; gateways before it 429, which Azure's Python client takes for
            # an error for good.
            status = 429 if kind == "throttled" and faults.happened[kind] % 2 else 503
            return web.Response(
                status=status,
                headers={"Retry-After": "1", "x-ms-error-code": "ServerBusy"},
                body=b"<?xml version='1.0'?><Error><Code>ServerBusy</Code></Error>",
                content_type="application/xml",
            )
        if kind == "cut":
            return _hang_up(request)
        # As it came: the signature covers the path's spelling.
        target = URL(f"http://127.0.0.1:{azurite.port}{request.raw_path}", encoded=True)
        kept = {k: v for k, v in request.headers.items() if k.lower() != "host"}
        session = request.app[_SESSION]
        async with session.request(
            request.method, target, headers=kept, data=body, skip_auto_headers=("Content-Type",)
        ) as answer:
            content = await answer.read()
            if kind == "unanswered":
                return _hang_up(request)
            dropped = {"transfer-encoding", "connection", "keep-alive", "date"}
            headers = {k: v for k, v in answer.headers.items() if k.lower() not in dropped}
            return web.Response(status=answer.status, body=content, headers=headers)

    with _served(handle) as port:
        yield f"http://127.0.0.1:{port}/{ACCOUNT}"


def _hang_up(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@contextmanager
def _served(handle: Callable[[web.Request], Any]) -> Iterator[int]:
    """An aiohttp server in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> tuple[web.AppRunner, int]:
        app = web.Application(client_max_size=1 << 30)
        app[_SESSION] = ClientSession(auto_decompress=False)
        app.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return runner, runner.addresses[0][1]

    async def stop(runner: web.AppRunner) -> None:
        await runner.app[_SESSION].close()
        await runner.cleanup()

    runner, port = asyncio.run_coroutine_threadsafe(start(), loop).result()
    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(stop(runner), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def clean_environment() -> dict[str, str]:
    """This process's environment without Azure's and customer360's variables."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("AZURE_", "C360_"))}
