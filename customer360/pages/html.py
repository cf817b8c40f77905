"""A page of HTML that needs nothing but itself: light, dark and on paper, without a script."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from customer360.pages.charts import Spec, svg

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1d2229; --paper: #fff; --line: #d5d9df; --warn: #a35200; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e7eb; --paper: #16191d; --line: #3a4048; --warn: #f0a050; }
}
@media print {
  :root { --ink: #000; --paper: #fff; --line: #bbb; --warn: #803f00; }
  section { break-inside: avoid; }
}
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; margin: .6rem 0; }
th, td { padding: .2rem .9rem .2rem 0; border-bottom: 1px solid var(--line); text-align: left; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
figure { margin: .6rem 0; } svg { max-width: 100%; height: auto; }
.warn { color: var(--warn); } .note { opacity: .75; }
"""

Cells = Sequence[str | int | float]


def document(title: str, parts: Sequence[str], *, style: str = "") -> str:
    """The whole page; parts are HTML.

    Args:
        title: Heading and name of the page.
        parts: What is on it.
        style: CSS that it needs besides that of all pages.
    """
    told = escape(title)
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{told}</title><style>{_STYLE}{style}</style></head><body>",
        f"<h1>{told}</h1>",
        *parts,
        "</body></html>",
    ]
    return "\n".join(lines)


def section(title: str, content: str) -> str:
    """A part of the page with its heading; the content is HTML."""
    return f"<section><h2>{escape(title)}</h2>{content}</section>"


def table(head: Sequence[str], rows: Sequence[Cells]) -> str:
    """A table whose first column is text; all others are numbers."""

    def cells(tag: str, values: Cells) -> str:
        classes = ("", *([' class="n"'] * (len(values) - 1)))
        return "".join(
            f"<{tag}{kind}>{escape(_shown(value))}</{tag}>"
            for kind, value in zip(classes, values, strict=True)
        )

    lines = [cells("th", head), *(cells("td", row) for row in rows)]
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _shown(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:,}"


def figure(spec: Spec, caption: str) -> str:
    """A chart with what it shows in words."""
    told = escape(caption)
    return (
        f'<figure role="img" aria-label="{told}">{svg(spec)}'
        f'<figcaption class="note">{told}</figcaption></figure>'
    )
