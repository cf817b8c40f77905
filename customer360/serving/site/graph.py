"""The asset graph as a picture: a column per layer, drawn as SVG in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from statistics import fmean
from typing import Final

from customer360.serving.site.frame import GRAPH, page

# Group of what the platform notes about itself once gold is there.
BEHIND_GOLD: Final = "behind gold"
# Columns from left to right: heading, and the groups of assets in it.
COLUMNS: Final = (
    ("Landing", ("landing",)),
    ("Bronze", ("bronze",)),
    ("Silver, quarantine", ("silver", "quarantine")),
    ("Identity, operations", ("identity", "ops")),
    ("dbt: staging", ("staging",)),
    ("dbt: intermediate", ("intermediate",)),
    ("Gold", ("gold",)),
    ("Behind gold", ("exposures", "power_bi", BEHIND_GOLD)),
)
# Layers that share a column with another one.
_TOLD_APART: Final = ("quarantine", "ops")
_COLOURS: Final = (
    "#8a8f98", "#b07a3c", "#7f8fa6", "#7a5195", "#4a90c4", "#4a90c4", "#c9a227", "#3f8f6b",
)  # fmt: skip
_STEP, _WIDTH, _HEIGHT, _ROW, _TOP, _MARGIN = 262, 206, 18, 24, 40, 10
_LETTERS: Final = 32
# Sweeps of ordering each column by where its neighbours stand; more change nothing to see.
_SWEEPS: Final = 4
_STYLE: Final = """
text { font: 11px system-ui, sans-serif; fill: currentColor; }
.head { font-weight: bold; font-size: 13px; }
rect { fill-opacity: .16; } a:hover rect, a:focus rect { fill-opacity: .45; }
path { fill: none; stroke: currentColor; stroke-opacity: .13; }
"""
_SHOWN: Final = "{stroke-opacity:1;stroke-width:1.5}"
_OPENING: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}" role="img" '
    'aria-label="Assets by layer, with what they are made of">'
)


@dataclass(frozen=True)
class Node:
    """An asset in the picture.

    Attributes:
        name: `layer/table`.
        group: One of the groups of `COLUMNS`.
        description: What it is; shown when somebody points at it.
        href: Page about it, from the site's root.
        upstream: Names of the assets that it is made of.
    """

    name: str
    group: str
    description: str
    href: str
    upstream: tuple[str, ...]


def graph_page(picture: str, assets: int) -> str:
    """The page that shows the picture."""
    told = (
        f"<p>{assets} assets, from landing files to those who use gold. Point at one to see what "
        "it is made of and what is made of it; follow it to what describes it. A line is left "
        "out where a longer way leads to the same. "
        '<a href="graph.svg">The picture alone</a>.</p>'
    )
    return page("Asset graph", [told, f'<div class="wide">{picture}</div>'], GRAPH)


def draw(nodes: Sequence[Node]) -> str:
    """The picture, without a network, a browser or a program outside Python.

    Args:
        nodes: All assets; what is upstream and not among them is left out.
    """
    columns = _arranged(nodes)
    place = {
        node.name: (_MARGIN + number * _STEP, _TOP + row * _ROW)
        for number, column in enumerate(columns)
        for row, node in enumerate(column)
    }
    ids = {name: f"n{number}" for number, name in enumerate(place)}
    size = (
        (len(columns) - 1) * _STEP + _WIDTH + 4 * _MARGIN,
        _TOP + max(len(column) for column in columns) * _ROW + _MARGIN,
    )
    headings = [
        f'<text class="head" x="{_MARGIN + number * _STEP}" y="24">{escape(heading)}</text>'
        for number, (heading, _) in enumerate(COLUMNS)
    ]
    edges = [
        _edge((ids[above], place[above]), (ids[node.name], place[node.name]))
        for node in nodes
        for above in _nearest(node, {each.name: each for each in nodes})
    ]
    boxes = [
        _box(node, place[node.name], ids[node.name], _COLOURS[number])
        for number, column in enumerate(columns)
        for node in column
    ]
    # Without a script: the edges of an asset stand out while somebody points at it.
    pointed = "".join(
        f"svg:has(#{i}:hover) .{i},svg:has(#{i}:focus) .{i}{_SHOWN}" for i in ids.values()
    )
    style = f"<style>{_STYLE}{pointed}</style>"
    return "\n".join([_OPENING.format(*size), style, *headings, *edges, *boxes, "</svg>"])


def _nearest(node: Node, nodes: Mapping[str, Node]) -> list[str]:
    """What is upstream without what a longer way leads to, too: those lines would hide the rest."""
    further: set[str] = set()
    waiting = [up for name in node.upstream if name in nodes for up in nodes[name].upstream]
    while waiting:
        name = waiting.pop()
        if name in nodes and name not in further:
            further.add(name)
            waiting += nodes[name].upstream
    return [name for name in node.upstream if name in nodes and name not in further]


def _arranged(nodes: Sequence[Node]) -> list[list[Node]]:
    """Nodes by column, ordered so that few edges cross: each near the middle of its neighbours."""
    columns = [
        sorted(
            (n for n in nodes if n.group in groups), key=lambda n: (groups.index(n.group), n.name)
        )
        for _, groups in COLUMNS
    ]
    neighbours: dict[str, list[str]] = {node.name: [] for node in nodes}
    for node in nodes:
        for above in node.upstream:
            if above in neighbours:
                neighbours[node.name].append(above)
                neighbours[above].append(node.name)
    for sweep in range(_SWEEPS):
        for number in range(len(columns)) if sweep % 2 == 0 else reversed(range(len(columns))):
            columns[number] = _sorted(columns, number, neighbours)
    return columns


def _sorted(
    columns: Sequence[Sequence[Node]], number: int, neighbours: Mapping[str, Sequence[str]]
) -> list[Node]:
    """One column by where the neighbours in other columns stand now; groups stay together."""
    groups = COLUMNS[number][1]
    row = {
        node.name: place / max(len(column), 1)
        for other, column in enumerate(columns)
        if other != number
        for place, node in enumerate(column)
    }

    def middle(node: Node) -> tuple[int, float, str]:
        rows = [row[name] for name in neighbours[node.name] if name in row]
        return groups.index(node.group), fmean(rows) if rows else 0.0, node.name

    return sorted(columns[number], key=middle)


def _edge(above: tuple[str, tuple[int, int]], below: tuple[str, tuple[int, int]]) -> str:
    """The line between two assets, each given by its id and place."""
    return f'<path class="{above[0]} {below[0]}" d="{_curve(above[1], below[1])}"/>'


def _curve(start: tuple[int, int], end: tuple[int, int]) -> str:
    """From the right side of one box to the left side of another; a bow inside one column."""
    x1, y1 = start[0] + _WIDTH, start[1] + _HEIGHT / 2
    x2, y2 = end[0], end[1] + _HEIGHT / 2
    if end[0] > start[0]:
        bend = (x2 - x1) / 2
        return f"M{x1},{y1:g} C{x1 + bend:g},{y1:g} {x2 - bend:g},{y2:g} {x2},{y2:g}"
    x2 = end[0] + _WIDTH
    out = max(x1, x2) + 28
    return f"M{x1},{y1:g} C{out},{y1:g} {out},{y2:g} {x2},{y2:g}"


def _box(node: Node, at: tuple[int, int], node_id: str, colour: str) -> str:
    x, y = at
    layer, _, table = node.name.partition("/")
    name = node.name if layer in _TOLD_APART else table
    shown = name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"
    told = escape(f"{node.name}\n{node.description}".strip())
    return (
        f'<a id="{node_id}" href="{escape(node.href)}"><title>{told}</title>'
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="3" fill="{colour}" '
        f'stroke="{colour}"/><text x="{x + 6}" y="{y + 13}">{escape(shown)}</text></a>'
    )
