"""The documentation site: all is there, every link leads somewhere, nothing needs a server."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from customer360.build import build_definitions
from customer360.cli import main
from customer360.generated_folder import GeneratedFolderError
from customer360.resources.dbt import read_manifest
from customer360.serving.metrics import read_metrics
from customer360.serving.published import read_gold
from customer360.serving.site.build import write_site
from customer360.serving.site.graph import COLUMNS, Node, draw
from customer360.serving.site.guides import SiteError, build_guides, find_guides
from customer360.settings import PROJECT_ROOT, Settings


class _Page(HTMLParser):
    """Anchors and links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids |= {value for name, value in attrs if name == "id" and value}
        self.links += [value for name, value in attrs if name in ("href", "src") and value]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs") / "site"
    made = CliRunner().invoke(main, ["docs", "--output", str(folder)])
    assert made.exit_code == 0, made.output
    assert f"Open {folder / 'index.html'}" in made.output
    return folder


def _broken(site: Path) -> list[str]:
    pages = {p: _Page(p.read_text()) for p in site.rglob("*.html") if p.parent.name != "dbt"}
    broken = []
    for path, page in pages.items():
        for target in page.links:
            parts = urlsplit(target)
            if parts.scheme:
                continue
            to = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            # What follows #! is read by the script of dbt's page.
            is_anchor = parts.fragment and not parts.fragment.startswith("!")
            if not to.is_file() or (is_anchor and parts.fragment not in pages[to].ids):
                broken.append(f"{path.relative_to(site)}: {target}")
    return broken


def test_every_link_inside_the_site_leads_somewhere(site: Path) -> None:
    assert _broken(site) == []


def test_a_link_that_leads_nowhere_is_seen(site: Path) -> None:
    start = site / "index.html"
    text = start.read_text()
    try:
        start.write_text(text.replace('href="metrics.html"', 'href="metrics.html#nothing"'))
        assert set(_broken(site)) == {"index.html: metrics.html#nothing"}
    finally:
        start.write_text(text)


def test_nothing_on_a_page_comes_from_a_server(site: Path) -> None:
    for path in site.rglob("*.html"):
        if path.parent.name != "dbt":
            text = path.read_text()
            assert "<script" not in text
            assert not re.search(r'(src|<link[^>]*href)="?https?:', text), path
            assert not [link for link in _Page(text).links if link.startswith(("/", "file:"))]


def test_the_site_holds_all_that_people_look_for(site: Path) -> None:
    manifest = read_manifest(Settings())
    dictionary = _Page((site / "dictionary.html").read_text())
    for table in read_gold(manifest):
        columns = {f"{table.key.table}.{column.name}" for column in table.columns}
        assert {table.key.table} | columns <= dictionary.ids
    assert read_metrics(manifest).keys() <= _Page((site / "metrics.html").read_text()).ids
    guides = {p.relative_to(PROJECT_ROOT / "docs") for p in (PROJECT_ROOT / "docs").rglob("*.md")}
    assert {g.with_suffix(".html") for g in guides} <= {
        p.relative_to(site / "guides") for p in (site / "guides").rglob("*.html")
    }
    dbt = (site / "dbt/index.html").read_text()
    assert "model.customer360.customer_360" in dbt and "INLINE DATA" not in dbt


def test_the_dictionary_marks_what_is_personal_and_says_what_columns_are_made_of(
    site: Path,
) -> None:
    text = (site / "dictionary.html").read_text()
    row = re.search(r'<tr><td><code id="dim_customers.email">.*?</tr>', text, re.DOTALL)
    assert row is not None
    assert row[0] == (
        '<tr><td><code id="dim_customers.email">email</code> <strong class="pii">personal</strong>'
        "</td><td>string</td><td><p>E-mail address.</p>\n</td>"
        "<td><code>silver.customers.email</code></td></tr>"
    )
    assert "One row per customer." in text


def test_a_figure_has_its_definition_unit_and_sql(site: Path) -> None:
    text = (site / "metrics.html").read_text()
    figure = text.partition('<div id="store_revenue">')[2].partition("</div>")[0]
    assert "Revenue at the tills of stores." in figure
    assert "money, in the lake&#x27;s currency" in figure or "money, in the lake's" in figure
    assert "case when channel = &#x27;store&#x27; then revenue_amount end" in figure
    assert "CALCULATE(SUM(fct_orders[revenue_amount]) + 0" in figure


def test_the_picture_shows_every_asset_in_the_column_of_its_layer(site: Path) -> None:
    picture = ET.parse(site / "graph.svg").getroot()  # noqa: S314 - made by us
    names = {"svg": "http://www.w3.org/2000/svg"}
    boxes = {
        (title.text or "").partition("\n")[0]: float(box.attrib["x"])
        for link in picture.iterfind("svg:a", names)
        for title, box in [(link.find("svg:title", names), link.find("svg:rect", names))]
        if title is not None and box is not None
    }
    heads = [float(t.attrib["x"]) for t in picture.iterfind("svg:text[@class='head']", names)]
    assert len(heads) == len(COLUMNS) and heads == sorted(heads)
    assert boxes["landing/crm__contacts"] == heads[0]
    assert boxes["quarantine/crm__contacts"] == heads[2]
    assert boxes["silver/customers"] == heads[3]
    assert boxes["gold/customer_360"] == heads[6]
    assert boxes["ops/refreshes"] == heads[7]
    # An asset of a group that no column has would not be drawn.
    graph = build_definitions(Settings(lake="/nowhere")).resolve_asset_graph()
    assert boxes.keys() == {"/".join(key.path) for key in graph.get_all_asset_keys()}


def test_a_line_is_left_out_where_a_longer_way_leads_to_the_same() -> None:
    nodes = [
        Node("landing/a", "landing", "", "x", ()),
        Node("bronze/a", "bronze", "", "x", ("landing/a",)),
        Node("gold/a", "gold", "<b>", "x", ("landing/a", "bronze/a", "elsewhere/a")),
    ]
    picture = draw(nodes)
    assert re.findall(r'<path class="(\w+ \w+)"', picture) == ["n0 n1", "n1 n2"]
    assert "&lt;b&gt;" in picture


def test_a_document_with_a_link_to_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text("# R\n[a](docs/a.md) [b](docs/b.md) [c](LICENSE)\n")
    (tmp_path / "docs/a.md").write_text("# A\n## To do\n[r](../README.md#x)\n")
    (tmp_path / "LICENSE").touch()
    with pytest.raises(SiteError, match=r"lead nowhere:\n  README.md: docs/b.md$"):
        build_guides(tmp_path, find_guides(tmp_path))
    (tmp_path / "docs/b.md").write_text("# B\n")
    pages = build_guides(tmp_path, find_guides(tmp_path))
    assert '<a href="../guides/a.html">a</a> <a href="../guides/b.html">b</a> c</p>' in str(
        pages["guides/readme.html"]
    )
    assert '<h2 id="to-do">To do</h2>\n<p><a href="../guides/readme.html#x">r</a></p>' in str(
        pages["guides/a.html"]
    )


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(GeneratedFolderError, match=r"no \.customer360-docs"):
        write_site(tmp_path, {"index.html": "x"})
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
    write_site(tmp_path / "site", {"index.html": "x", "old.html": "x"})
    write_site(tmp_path / "site", {"index.html": "y", "a/b.png": b"z"})
    kept = {p.name for p in (tmp_path / "site").rglob("*") if p.is_file()}
    assert kept == {".customer360-docs", "index.html", "b.png"}
