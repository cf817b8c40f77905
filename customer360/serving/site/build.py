"""All files of the site from what they are made of, and the folder that holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

from customer360.generated_folder import write_folder
from customer360.serving.lineage import Lineage
from customer360.serving.metrics import read_metrics
from customer360.serving.published import read_gold
from customer360.serving.site.dbt_pages import dbt_page
from customer360.serving.site.dictionary import dictionary_page, metrics_page
from customer360.serving.site.frame import DBT, DICTIONARY, GRAPH, GUIDES, METRICS, page, text_table
from customer360.serving.site.frame import link as _link
from customer360.serving.site.graph import Node, draw, graph_page
from customer360.serving.site.guides import build_guides, find_guides

START: Final = "index.html"
# Marks a folder as one that may be made anew.
_MARK: Final = ".customer360-docs"
_ABOUT: Final = """<p>One reliable view per customer of a retailer: stores, web shop, web analytics,
social media, CRM and customer service land their files; one asset graph turns them into gold
tables that people can look at.</p>"""
_WAYS: Final = (
    (DICTIONARY, "Data dictionary", "gold: what a row is, columns, what is personal, made of what"),
    (METRICS, "Figures", "each figure that is shown, with its definition, unit, SQL and DAX"),
    (GRAPH, "Asset graph", "from landing files to those who use gold, as a picture"),
    ("guides/identity.html", "Who is who", "how records of one person become one customer"),
    ("guides/runbook.html", "Runbook", "a check fails, a table is wrong or lost: what to do"),
    ("guides/first-walk.html", "A first walk", "from the clone to which customers are at risk"),
    ("guides/landing.html", "Landing files", "every field of every entity that can be landed"),
    ("guides/synapse.html", "Synapse", "gold as a serverless SQL database"),
    (GUIDES, "All guides", "sources, quarantine, engines, deployment, decisions"),
    (DBT, "dbt documentation", "models, SQL, tests and their lineage, as dbt shows them"),
)


def build_pages(
    root: Path, manifest: Mapping[str, Any], lineage: Lineage, nodes: Sequence[Node]
) -> dict[str, str | bytes]:
    """All pages.

    Args:
        root: The repository.
        manifest: The parsed dbt manifest.
        lineage: What columns are made of.
        nodes: The asset graph.

    Returns:
        Contents by path inside the site.

    Raises:
        SiteError: A link of the documentation leads nowhere.
    """
    tables, metrics = read_gold(manifest), read_metrics(manifest)
    picture = draw(nodes)
    return {
        START: _start_page(manifest),
        DICTIONARY: dictionary_page(tables, lineage, metrics),
        METRICS: metrics_page(metrics),
        GRAPH: graph_page(picture, len(nodes)),
        # Alone, the letters of the picture have no page to take their colour from.
        "graph.svg": picture.replace("<svg ", '<svg style="color: #1d2229; background: #fff" ', 1),
        DBT: dbt_page(manifest),
        **build_guides(root, find_guides(root)),
    }


def write_site(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Make a folder hold exactly these files.

    Raises:
        GeneratedFolderError: The folder is somebody else's.
    """
    write_folder(folder, {**files, _MARK: ""}, _MARK)


def _start_page(manifest: Mapping[str, Any]) -> str:
    used = [
        [exposure["label"] or exposure["name"], exposure["type"], exposure["description"]]
        for exposure in manifest["exposures"].values()
    ]
    parts = [
        _ABOUT,
        text_table(("page", "what it says"), [[_link(name, to), told] for to, name, told in _WAYS]),
        "<h2>Who uses gold</h2>",
        text_table(("name", "kind", "what for"), [list(map(escape, row)) for row in used]),
    ]
    return page("customer360", parts, START)
