"""An interface that gives out records of a span of time, in pages, to who shows the header."""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from customer360_tests.data_factory.world import SOCIAL
from customer360_tests.loopback import LOOPBACK, JsonHandler, serving_http

Record = Mapping[str, Any]


class PagedApi:
    """The interface and its data.

    Args:
        authorization: The whole header that callers have to show.
        page_size: Records on a page.
    """

    def __init__(self, authorization: str, page_size: int) -> None:
        self._authorization = authorization
        self._page_size = page_size
        self._records: dict[str, tuple[list[datetime], list[Record]]] = {}
        self.requests: list[str] = []

    def put(self, path: str, field: str, records: Sequence[Record]) -> None:
        """Have records at a path, found by a time field."""
        in_time = sorted(records, key=lambda record: _moment(record[field]))
        self._records[f"/{path}"] = [_moment(record[field]) for record in in_time], in_time

    def serving(self, host: str = LOOPBACK, port: int = 0) -> AbstractContextManager[str]:
        """Serve it for the time of a `with` block; gives the address."""

        class Handler(_Handler):
            api = self

        return serving_http(Handler, host, port)

    def answer(self, path: str, query: str, authorization: str | None) -> tuple[int, Any]:
        """Status and content for a request."""
        if authorization != self._authorization:
            return 401, {}
        if path not in self._records:
            return 404, {}
        return 200, self._page(path, query)

    def _page(self, path: str, query: str) -> Any:
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        times, records = self._records[path]
        first, end = (
            bisect.bisect_left(times, _moment(asked[name])) for name in ("since", "until")
        )
        offset = int(asked.get("offset", 0))
        behind = offset + self._page_size
        rest = query.partition("&offset=")[0]
        return {
            "items": records[first:end][offset:behind],
            "next": f"{SOCIAL}{path}?{rest}&offset={behind}" if first + behind < end else None,
        }


class _Handler(JsonHandler):
    api: PagedApi

    def answer(self) -> None:
        self.api.requests.append(self.path)
        url = urlsplit(self.path)
        status, content = self.api.answer(url.path, url.query, self.headers.get("Authorization"))
        self.send(status, content, {})


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
