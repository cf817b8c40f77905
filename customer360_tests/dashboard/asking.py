"""Asks the dashboard without a server or a browser: requests go straight to the application."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from html import unescape
from typing import Any
from urllib.parse import unquote

from customer360.resources.lake import Lake
from customer360.serving.dashboard.app import Dashboard, build_app
from customer360.serving.dashboard.gold import GoldLake
from customer360.serving.dashboard.server import open_dashboard
from customer360.serving.dashboard.viewers import Viewers
from customer360.settings import Settings

MANAGER = "manager"
# Whoever the proxy says is a manager sees personal data.
WITH_ROLES: Mapping[str, str] = {
    "dashboard_roles": MANAGER,
    "dashboard_roles_header": "x-roles",
    "dashboard_proxies": "10.1.0.0/24",
}
PROXY = "10.1.0.7"
# The night after the last day of the simulated world.
NOW = datetime(2026, 3, 4, 3, tzinfo=UTC)
PAGES = (
    "/", "/customers", "/segments", "/retention", "/products", "/campaigns", "/service", "/trust",
)  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def words(self) -> str:
        """The text without its tags and the space between them."""
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", self.text)).split())

    @property
    def figures(self) -> dict[str, str]:
        """Figures that the page shows as tiles, as spelled, by name of the metric."""
        tiles = r'data-figure="(\w+)".*?<span class="number">(.*?)</span>'
        return dict(re.findall(tiles, self.text, re.DOTALL))

    @property
    def filters(self) -> dict[str, list[str]]:
        """Values that each filter of the page offers."""
        found = re.findall(r'<select name="(\w+)">(.*?)</select>', self.text, re.DOTALL)
        return {
            name: [unescape(value) for value in re.findall(r'<option value="([^"]*)"', options)]
            for name, options in found
        }

    @property
    def chosen(self) -> dict[str, str]:
        """The value that each filter of the page has."""
        found = re.findall(
            r'<select name="(\w+)">(?:(?!</select>).)*?<option value="([^"]*)" selected',
            self.text,
            re.DOTALL,
        )
        return {name: unescape(value) for name, value in found}


@cache
def _any() -> Dashboard:
    """A dashboard; what it knows of figures and definitions is the same for every lake."""
    return open_dashboard(Settings())


class Asker:
    """Asks the dashboard of one lake, as it stays open over many requests."""

    def __init__(
        self,
        lake: Lake,
        *,
        everybody: bool = False,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: NOW,
        **settings: Any,
    ) -> None:
        self.settings = Settings(lake=lake.url, **settings)
        self.dashboard = replace(
            _any(),
            lake=GoldLake(lake.url, clock=clock),
            settings=self.settings,
            viewers=Viewers(self.settings, everybody=everybody),
            clock=now,
        )
        self._app = build_app(self.dashboard)

    def get(
        self,
        address: str,
        *headers: tuple[str, str],
        client: str = "127.0.0.1",
        method: str = "GET",
    ) -> Answer:
        """Ask for an address; an error that the application does not answer is raised."""
        return asyncio.run(self._ask(address, headers, client, method))

    async def _ask(
        self, address: str, headers: Sequence[tuple[str, str]], client: str, method: str
    ) -> Answer:
        path, _, query = address.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(b"host", b"127.0.0.1"), *((n.encode(), v.encode()) for n, v in headers)],
            "client": (client, 40000),
            "server": ("127.0.0.1", 8050),
        }
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        body = b"".join(message.get("body", b"") for message in sent[1:])
        found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], found, body.decode())
