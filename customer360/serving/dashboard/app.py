"""The web application: addresses, what all pages share, what is shown when something is wrong.

Every answer is made anew from gold for whoever asks; nothing is kept in a session.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import duckdb
import pyarrow as pa
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from customer360.errors import MissingTableError
from customer360.pages.charts import svg
from customer360.plain_http import THIS_MACHINE
from customer360.serving.dashboard import (
    campaigns,
    customers,
    export,
    overview,
    products,
    profile,
    retention,
    segments,
    service,
    state,
    trust,
)
from customer360.serving.dashboard.figures import shown, spelled, words
from customer360.serving.dashboard.gold import GoldLake, open_gold
from customer360.serving.dashboard.masking import masked, masked_value
from customer360.serving.dashboard.view import Content, View
from customer360.serving.dashboard.viewers import Viewer, Viewers

if TYPE_CHECKING:
    from customer360.serving.metrics import Metric
    from customer360.settings import Settings

_log = logging.getLogger("customer360.dashboard")
_STATIC: Final = Path(__file__).parent / "static"
# Nothing is loaded from elsewhere, nothing is told to elsewhere.
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self' 'unsafe-inline'; "
    "script-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # Pages hold personal data, and differ by who asks.
    "Cache-Control": "no-store",
}

T = TypeVar("T")
# What reading a file says that is not there any more.
_LOST: Final = (duckdb.Error, pa.ArrowException, OSError)


@dataclass(frozen=True)
class Page:
    """One page of the dashboard.

    Attributes:
        path: Its address.
        name: Name of its template.
        title: What it is called.
        content: Reads gold and returns what the template shows.
        is_listed: It stands in the navigation.
    """

    path: str
    name: str
    title: str
    content: Callable[[View], Content]
    is_listed: bool = True


PAGES: Final = (
    Page("/", "overview", "Overview", overview.content),
    Page("/customers", "customers", "Customers", customers.content),
    Page("/customers/{customer_id}", "profile", "Customer", profile.content, is_listed=False),
    Page("/segments", "segments", "Segments", segments.content),
    Page("/retention", "retention", "Retention", retention.content),
    Page("/products", "products", "Products", products.content),
    Page("/campaigns", "campaigns", "Campaigns", campaigns.content),
    Page("/service", "service", "Service", service.content),
    Page("/trust", "trust", "Trust", trust.content),
)


@dataclass(frozen=True)
class Dashboard:
    """What all requests share.

    Attributes:
        lake: The lake, its tables kept open.
        settings: The settings.
        viewers: Who may see what.
        metrics: All figures by name.
        definitions: Words of dbt's docs blocks by name.
        clock: Now, in UTC.
    """

    lake: GoldLake
    settings: Settings
    viewers: Viewers
    metrics: Mapping[str, Metric]
    definitions: Mapping[str, str]
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


def build_app(dashboard: Dashboard) -> Starlette:
    """The application over a lake.

    Args:
        dashboard: What all requests share.
    """
    pages = _Pages(dashboard)
    routes = [
        Route("/health", lambda _request: PlainTextResponse("ok")),
        Route("/segments/{segment}.csv", pages.segment_list),
        *(Route(page.path, pages.handler(page)) for page in PAGES),
        Mount("/static", StaticFiles(directory=_STATIC)),
        Route("/{path:path}", pages.unknown),
    ]
    # Who shows everybody everything must not be reached under a name that a website chose for it.
    here = [Middleware(TrustedHostMiddleware, allowed_hosts=[*THIS_MACHINE])]
    return Starlette(
        routes=routes,
        exception_handlers={Exception: pages.failed},
        middleware=here if dashboard.viewers.everybody else [],
    )


def _as_it_is(_name: str, value: Any) -> Any:
    return value


class _Pages:
    """Answers requests."""

    def __init__(self, dashboard: Dashboard) -> None:
        self._shared = dashboard
        self._templates = Environment(
            loader=PackageLoader("customer360.serving.dashboard"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        currency = dashboard.settings.currency
        self._templates.filters |= {
            "money": partial(spelled, unit="money", currency=currency),
            "count": partial(spelled, unit="count"),
            "share": partial(spelled, unit="share"),
            "score": partial(spelled, unit="score"),
            "shown": shown,
            "words": words,
        }
        # Drawn by ourselves from numbers and escaped words.
        self._templates.globals["svg"] = lambda spec: Markup(svg(spec))  # noqa: S704

    def handler(self, page: Page) -> Callable[[Request], Any]:
        """The answer to a request for a page."""

        async def answer(request: Request) -> Response:
            return await run_in_threadpool(self._answer, page, request)

        return answer

    async def unknown(self, _request: Request) -> Response:
        """The answer to an address that is none."""
        return await run_in_threadpool(
            self._told,
            404,
            "There is no such page",
            "The address is not one of this dashboard.",
        )

    async def segment_list(self, request: Request) -> Response:
        """The customers of a segment as CSV."""
        return await run_in_threadpool(self._segment_list, request)

    def _segment_list(self, request: Request) -> Response:
        segment, viewer = request.path_params["segment"], self._viewer(request)
        try:
            lines = self._read(lambda: export.segment_lines(self._shared.lake, segment, viewer))
        except MissingTableError as missing:
            return self._missing(missing)
        if lines is None:
            return self._told(404, "There is no such segment", f"Found {segment!r}.")
        name = f'attachment; filename="segment_{segment}.csv"'
        headers = {**_HEADERS, "Content-Disposition": name}
        return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)

    def _viewer(self, request: Request) -> Viewer:
        client = request.client.host if request.client else None
        # A header that came twice is not believed: one of the two is the client's own.
        once = {
            name: value
            for name, value in request.headers.items()
            if len(request.headers.getlist(name)) == 1
        }
        return self._shared.viewers.viewer(client, once)

    def _read(self, reading: Callable[[], T]) -> T:
        """What a reading of the lake gives; done once more where the tables changed below it."""
        try:
            return reading()
        except _LOST as lost:
            # A table that was open may have been rewritten and cleared away meanwhile. What the
            # error says may hold what was searched for.
            _log.info("Read again, from the newest tables, after %s", type(lost).__name__)
            self._shared.lake.forget()
            return reading()

    def _answer(self, page: Page, request: Request) -> Response:
        viewer = self._viewer(request)
        asked = {**request.query_params, **request.path_params}
        try:
            return self._read(lambda: self._made(page, asked, viewer))
        except MissingTableError as missing:
            return self._missing(missing)
        except profile.UnknownCustomerError as unknown:
            return self._told(404, "There is no such customer", str(unknown))

    async def failed(self, _request: Request, _error: Exception) -> Response:
        """The answer where a page cannot be made; the error itself goes to the log."""
        # The page must not tell strangers how the lake is built.
        return await run_in_threadpool(
            self._told,
            500,
            "This page cannot be shown now",
            "What went wrong is in the log of the dashboard. Try again in a minute; a refresh that "
            "is running may be the reason.",
        )

    def _made(self, page: Page, asked: Mapping[str, str], viewer: Viewer) -> Response:
        shared = self._shared
        with open_gold(shared.lake) as reader:
            view = View(reader, asked, viewer, shared.settings, shared.metrics, shared.definitions)
            content = page.content(view)
            known = state.state(view, shared.lake, shared.clock())
        return self._page(page.name, page.title, viewer, {**content, "state": known})

    def _missing(self, missing: MissingTableError) -> Response:
        _log.info("%s", missing)
        return self._told(
            503,
            "There is nothing to show yet",
            "A table that this page shows is not in the lake: "
            f"{str(missing).partition(' not found')[0]}. It is made by `customer360 run`, "
            "or by the job refresh_customer_360 in Dagster.",
        )

    def _told(self, status: int, title: str, message: str) -> Response:
        told = {"message": message, "state": None}
        nobody = Viewer(sees_personal_data=False)
        return self._page("message", title, nobody, told, status)

    def _page(
        self, template: str, title: str, viewer: Viewer, content: Content, status: int = 200
    ) -> Response:
        shows = viewer.sees_personal_data
        html = self._templates.get_template(f"{template}.html").render(
            title=title,
            pages=[page for page in PAGES if page.is_listed],
            current=template,
            viewer=viewer,
            docs_url=self._shared.settings.docs_url,
            personal=_as_it_is if shows else masked,
            personal_value=_as_it_is if shows else masked_value,
            **content,
        )
        return HTMLResponse(html, status, headers=_HEADERS)
