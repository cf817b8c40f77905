"""The dashboard in a browser: what people see, press and take along, whatever they look at it with.

What pages hold is tested without a browser in `customer360_tests/dashboard`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from customer360.keys import gold
from customer360.resources.lake import Lake
from customer360_tests.dashboard import lakes
from customer360_tests.dashboard.serving import Served, chromium, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.stack

PAGES: Final = {
    "/": "Overview",
    "/customers": "Customers",
    "/segments": "Segments",
    "/retention": "Retention",
    "/products": "Products",
    "/campaigns": "Campaigns",
    "/service": "Service",
    "/trust": "Trust",
}
FILTERS: Final = [
    ("/", "period"), ("/", "place"), ("/", "segment"), ("/segments", "month"),
    ("/products", "department"), ("/service", "channel"),
]  # fmt: skip
ROLES: Final = {
    "C360_DASHBOARD_ROLES": "manager",
    "C360_DASHBOARD_ROLES_HEADER": "X-Roles",
    "C360_DASHBOARD_PROXIES": "127.0.0.1",
}
MANAGER: Final = {"X-Roles": "manager"}
# WCAG 2, level AA, text of any size.
LEAST_CONTRAST: Final = 4.5

# Texts of a page with too little contrast: each text's colour over all that lies behind it.
_FAINT: Final = """least => {
  const parts = text => {
    const [r, g, b, a] = text.match(/[\\d.]+/g).map(Number);
    return [r, g, b, a === undefined ? 1 : a];
  };
  const over = (top, below) => top.slice(0, 3).map((c, i) => c * top[3] + below[i] * (1 - top[3]));
  const light = colour => {
    const [r, g, b] = colour.map(c => c / 255).map(
      c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = element => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) {
      layers.push(parts(getComputedStyle(e).backgroundColor));
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, text = walker.currentNode.data.trim();
    if (!text || element.closest("title") || !element.checkVisibility()) continue;
    const style = getComputedStyle(element), svg = element.closest("svg");
    const back = behind(element), fore = over(parts(svg ? style.fill : style.color), back);
    const [a, b] = [light(fore), light(back)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < least) found.push(`${ratio.toFixed(2)} ${element.tagName} ${text.slice(0, 40)}`);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A small simulated world from landing to gold."""
    return lakes.simulated(tmp_path_factory.mktemp("shown"))


@pytest.fixture(scope="module")
def dashboard(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Its dashboard; this machine is the proxy that names roles."""
    with served(lake.url, tmp_path_factory.mktemp("log"), environment=ROLES) as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests."""
    with chromium() as opened:
        yield opened


class _Watch:
    """Everything that went wrong, or elsewhere, in a browser's pages."""

    def __init__(self, context: BrowserContext, home: str) -> None:
        self.wrong: list[str] = []
        self._home = home
        context.on("console", self._said)
        context.on("weberror", lambda error: self.wrong.append(str(error.error)))
        context.on("request", self._asked)

    def _said(self, message: Any) -> None:
        # That an address is none is what some tests ask for.
        if message.type in ("error", "warning") and not message.location["url"].endswith("/none"):
            self.wrong.append(message.text)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(f"{self._home}/"):
            self.wrong.append(f"asked for {request.url}")


Open = Callable[..., "Page"]


@pytest.fixture
def open_page(browser: Browser, dashboard: Served) -> Iterator[Open]:
    """Opens an address of the dashboard in a browser of its own; fails if anything went wrong."""
    contexts: list[tuple[BrowserContext, _Watch]] = []

    def opened(address: str, *, home: str = dashboard.url, **options: Any) -> Page:
        context = browser.new_context(base_url=home, **options)
        contexts.append((context, _Watch(context, home)))
        page = context.new_page()
        page.goto(address)
        return page

    yield opened
    for context, _ in contexts:
        context.close()
    assert [watch.wrong for _, watch in contexts] == [[] for _ in contexts]


@pytest.fixture(scope="module")
def known(lake: Lake) -> dict[str, Any]:
    """A customer of whom much is known."""
    customers = lake.arrow(gold("customer_360")).to_pylist()
    wanted = ("first_name", "last_name", "email", "phone", "street")
    return max(
        (c for c in customers if all(c[name] for name in wanted)),
        key=lambda c: (c["order_count"], c["customer_id"]),
    )


@pytest.mark.parametrize("address", PAGES)
def test_every_page_is_shown(open_page: Open, address: str) -> None:
    page = open_page(address)
    assert page.title() == f"{PAGES[address]} – customer360"
    assert page.locator("h1").inner_text() == PAGES[address]
    assert page.locator("nav a").all_inner_texts() == list(PAGES.values())
    assert page.locator("nav a[aria-current=page]").inner_text() == PAGES[address]
    # One heading, one main part, words for every field and picture: what screen readers go by.
    assert page.locator("h1").count() == page.locator("main").count() == 1
    for field in page.locator("select, input").all():
        assert field.evaluate("field => field.labels.length") == 1
    for picture in page.locator("figure").all():
        assert picture.get_attribute("aria-label")


@pytest.mark.parametrize(("address", "name"), FILTERS)
def test_every_filter_narrows_its_page_once_it_is_pointed_at(
    open_page: Open, address: str, name: str
) -> None:
    page = open_page(address)
    field = page.locator(f"select[name={name}]")
    value = field.locator("option").last.get_attribute("value")
    field.dispatch_event("pointerdown")
    with page.expect_navigation():
        field.select_option(value)
    assert f"{name}=" in page.url
    assert page.locator(f"select[name={name}]").input_value() == value


def test_filters_keep_each_other(open_page: Open) -> None:
    page = open_page("/?period=month:1&place=channel:web")
    page.locator("select[name=segment]").select_option(index=1)
    with page.expect_navigation():
        page.get_by_role("button", name="Show").click()
    assert page.locator("select[name=period]").input_value() == "month:1"
    assert page.locator("select[name=place]").input_value() == "channel:web"


def _focused(page: Page) -> str:
    return str(page.evaluate("(document.activeElement.textContent || '').trim()"))


def test_keyboard_alone_reaches_skip_link_pages_and_filters(open_page: Open) -> None:
    page = open_page("/products")
    page.keyboard.press("Tab")
    assert _focused(page) == "To the content"
    assert page.locator(".skip").bounding_box()["x"] >= 0  # type: ignore[index]
    page.keyboard.press("Enter")
    assert page.url.endswith("#content")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "department"
    before = page.locator("select[name=department]").input_value()
    # Going through the choices must not load the page at every step.
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.url.endswith("/products#content")
    page.keyboard.press("Tab")
    assert _focused(page) == "Show"
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator("select[name=department]").input_value() != before

    page.goto("/products")
    for title in ["To the content", *PAGES.values()]:
        page.keyboard.press("Tab")
        assert _focused(page) == title
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator("h1").inner_text() == "Trust"


def test_search_leads_to_a_profile(open_page: Open, known: dict[str, Any]) -> None:
    page = open_page("/customers", extra_http_headers=MANAGER)
    # The field has the focus: one can type at once.
    page.keyboard.type(f"{known['last_name']} {known['first_name']}"[:12])
    with page.expect_navigation():
        page.keyboard.press("Enter")
    link = page.get_by_role("link", name=known["customer_id"])
    with page.expect_navigation():
        link.click()
    assert page.locator("h1").inner_text().startswith(f"{known['first_name']} {known['last_name']}")
    headings = page.locator("h2").all_inner_texts()
    assert headings[:4] == [
        "Golden record", "Why these records are one person", "What they buy", "Segment over time",
    ]  # fmt: skip
    assert known["email"] in page.locator("main").inner_text()


def test_search_of_nobody_says_so_and_keeps_what_was_typed(open_page: Open) -> None:
    page = open_page("/customers")
    page.get_by_label("Name, e-mail, phone, card or id").fill("<nobody> & 'none'")
    with page.expect_navigation():
        page.get_by_role("button", name="Search").click()
    assert "Nobody was found for “<nobody> & 'none'”" in page.locator("main").inner_text()
    assert page.locator("input[name=q]").input_value() == "<nobody> & 'none'"


def test_list_of_a_segment_is_taken_along(
    open_page: Open, known: dict[str, Any], tmp_path: Path
) -> None:
    page = open_page("/segments")
    link = f"a[href='/segments/{known['segment']}.csv']"
    with page.expect_download() as started:
        page.locator(link).click()
    assert started.value.suggested_filename == f"segment_{known['segment']}.csv"
    started.value.save_as(tmp_path / "list.csv")
    rows = list(csv.DictReader((tmp_path / "list.csv").read_text().splitlines()))
    assert known["customer_id"] in [row["customer_id"] for row in rows]
    assert "email" not in rows[0]
    size = page.locator(f"tr:has({link}) td.n").first
    assert size.inner_text() == f"{len(rows):,}"


def test_profile_is_masked_unless_the_role_sees_it(open_page: Open, known: dict[str, Any]) -> None:
    address = f"/customers/{known['customer_id']}"
    seen = open_page(address, extra_http_headers=MANAGER).content()
    masked = open_page(address).content()
    for value in (known["email"], known["phone"], known["street"]):
        assert value in seen
        assert value not in masked
    assert "Personal data is masked: your role does not see it." in masked


def test_dashboard_says_nothing_of_what_was_searched_for(
    open_page: Open, dashboard: Served
) -> None:
    open_page("/customers?q=somebody-unheard-of")
    log = dashboard.log.read_text()
    assert "somebody-unheard-of" not in log
    assert "Traceback" not in log


def test_everything_works_without_scripts(open_page: Open, known: dict[str, Any]) -> None:
    page = open_page("/", java_script_enabled=False, extra_http_headers=MANAGER)
    page.locator("select[name=period]").select_option("month:1")
    page.get_by_role("button", name="Show").click()
    assert page.locator("select[name=period]").input_value() == "month:1"
    assert page.locator("figure svg").count() == 3
    page.get_by_role("link", name="Customers").click()
    page.locator("input[name=q]").fill(known["email"])
    page.locator("input[name=q]").press("Enter")
    page.get_by_role("link", name=known["customer_id"]).click()
    page.locator("select[name=what]").select_option("purchase")
    page.get_by_role("button", name="Show").click()
    assert page.locator("select[name=what]").input_value() == "purchase"


@pytest.mark.parametrize("width", [320, 360, 768])
def test_no_page_is_wider_than_the_screen(
    open_page: Open, known: dict[str, Any], width: int
) -> None:
    screen = {"width": width, "height": 740}
    page = open_page("/", viewport=screen, extra_http_headers=MANAGER)
    too_wide = []
    for address in [*PAGES, f"/customers/{known['customer_id']}", "/customers?q=c", "/none"]:
        page.goto(address)
        found = page.evaluate("document.documentElement.scrollWidth")
        if found > width:
            too_wide.append((address, found))
    assert too_wide == []


def test_printed_page_is_paper(open_page: Open, known: dict[str, Any]) -> None:
    page = open_page("/", extra_http_headers=MANAGER, color_scheme="dark")
    page.emulate_media(media="print")
    for address in [*PAGES, f"/customers/{known['customer_id']}"]:
        page.goto(address)
        for away in ("nav", "form", ".skip", ".noprint"):
            for element in page.locator(away).all():
                assert not element.is_visible(), (address, away)
        assert page.locator("h1").is_visible()
        # What is folded on the screen is on the paper.
        for table in page.locator("details table").all():
            assert table.is_visible(), address
        ink = "const s = getComputedStyle(document.body); [s.backgroundColor, s.color]"
        assert page.evaluate(ink) == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
        assert page.evaluate(_FAINT, LEAST_CONTRAST) == [], address


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(open_page: Open, known: dict[str, Any], scheme: str) -> None:
    page = open_page("/", color_scheme=scheme, extra_http_headers=MANAGER)
    faint = {}
    for address in [*PAGES, f"/customers/{known['customer_id']}", "/customers?q=c", "/none"]:
        page.goto(address)
        for closed in page.locator("details:not([open]) > summary").all():
            closed.click()
        faint[address] = page.evaluate(_FAINT, LEAST_CONTRAST)
    assert faint == {address: [] for address in faint}


def test_empty_lake_is_shown_as_such(browser: Browser, tmp_path: Path) -> None:
    with served(str(tmp_path / "lake"), tmp_path) as empty:
        context = browser.new_context(base_url=empty.url)
        page = context.new_page()
        for address in PAGES:
            answer = page.goto(address)
            assert answer is not None
            assert answer.status == 503
            assert page.locator("h1").inner_text() == "There is nothing to show yet"
            assert "customer360 run" in page.locator("main").inner_text()
        context.close()
        assert "Traceback" not in empty.log.read_text()


def test_dashboard_tells_how_to_open_it(dashboard: Served) -> None:
    # In one spelling of white space: a terminal's width decides where the line is broken.
    told = " ".join(dashboard.log.read_text().split())
    assert re.search(rf"Dashboard of .*: {re.escape(dashboard.url)} ", told)
