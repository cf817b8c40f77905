"""What all pages of the site have in common: the way to the others, tables of text, code."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from customer360.pages import html

DICTIONARY: Final = "dictionary.html"
METRICS: Final = "metrics.html"
GRAPH: Final = "graph.html"
GUIDES: Final = "guides/index.html"
DBT: Final = "dbt/index.html"
# Pages that every page leads to.
_WAYS: Final = (
    ("Start", "index.html"),
    ("Data dictionary", DICTIONARY),
    ("Figures", METRICS),
    ("Asset graph", GRAPH),
    ("Who is who", "guides/identity.html"),
    ("Runbook", "guides/runbook.html"),
    ("All guides", GUIDES),
    ("dbt", DBT),
)
_STYLE: Final = """
body { max-width: 68rem; } nav a, nav strong { margin-right: 1rem; } nav { padding: .4rem 0; }
a { color: #2f6fa3; } @media (prefers-color-scheme: dark) { a { color: #7db3dd; } }
a:focus-visible, summary:focus-visible { outline: 2px solid currentColor; }
pre { overflow-x: auto; padding: .6rem .8rem; border: 1px solid var(--line); border-radius: 4px; }
code { font-size: .92em; } td { vertical-align: top; } td p, td ul, td ol { margin: 0; }
.wide { overflow-x: auto; } .pii { color: var(--warn); font-size: .85em; white-space: nowrap; }
"""


def page(title: str, parts: Sequence[str], at: str) -> str:
    """A whole page.

    Args:
        title: Its heading.
        parts: HTML.
        at: Its path inside the site, which decides how links lead out of it.
    """
    up = "../" * at.count("/")
    ways = " ".join(
        f"<strong>{escape(name)}</strong> "
        if to == at
        else f'<a href="{up}{to}">{escape(name)}</a>'
        for name, to in _WAYS
    )
    return html.document(title, [f'<nav aria-label="Pages">{ways}</nav>', *parts], style=_STYLE)


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of text; the cells of rows are HTML."""
    top = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{top}</tr>{lines}</table></div>'


def link(text: str, to: str) -> str:
    """A link inside the site."""
    return f'<a href="{escape(to)}">{escape(text)}</a>'


def code(text: str) -> str:
    """A block of code."""
    return f"<pre><code>{escape(text)}</code></pre>"
