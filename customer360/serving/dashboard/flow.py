"""A picture of how many went from where to where: two columns of bars with ribbons between."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import cycle
from typing import Final

from customer360.pages.charts import BLUE, GREEN, GREY, ORANGE

_WIDTH: Final = 720
_BAR: Final = 14
_GAP: Final = 10
_HEIGHT: Final = 360
_LABELS: Final = 170
_LEAST: Final = 1.0

Move = tuple[str, str, int]


def flow_picture(moves: Sequence[Move]) -> str | None:
    """SVG of the moves; None where nobody moved.

    Args:
        moves: From where, to where, how many.
    """
    total = sum(number for _, _, number in moves)
    if not total:
        return None
    left = list(dict.fromkeys(before for before, _, _ in moves))
    right = sorted({after for _, after, _ in moves})
    most = max(len(left), len(right))
    scale = (_HEIGHT - _GAP * (most - 1)) / total
    starts = _places(left, {b: sum(n for x, _, n in moves if x == b) for b in left}, scale)
    ends = _places(right, {a: sum(n for _, x, n in moves if x == a) for a in right}, scale)
    colours = dict(zip(left, cycle((BLUE, ORANGE, GREEN, GREY)), strict=False))
    ribbons = _ribbons(moves, starts, ends, scale, colours)
    bars = [
        *(_bar(name, *starts[name], is_left=True) for name in left),
        *(_bar(name, *ends[name], is_left=False) for name in right),
    ]
    height = max(top + size for top, size, _ in [*starts.values(), *ends.values()])
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height + 4:.0f}" width="{_WIDTH}" '
        f'font-size="12" font-family="sans-serif">{"".join(ribbons)}{"".join(bars)}</svg>'
    )


def _places(
    names: Sequence[str], sizes: dict[str, int], scale: float
) -> dict[str, tuple[float, float, int]]:
    """Top, height and number of each bar."""
    found, top = {}, 2.0
    for name in names:
        height = max(sizes[name] * scale, _LEAST)
        found[name] = (top, height, sizes[name])
        top += height + _GAP
    return found


def _ribbons(
    moves: Sequence[Move],
    starts: dict[str, tuple[float, float, int]],
    ends: dict[str, tuple[float, float, int]],
    scale: float,
    colours: dict[str, str],
) -> list[str]:
    left, right = _LABELS + _BAR, _WIDTH - _LABELS - _BAR
    middle = (left + right) / 2
    from_top = {name: top for name, (top, _, _) in starts.items()}
    to_top = {name: top for name, (top, _, _) in ends.items()}
    drawn = []
    for before, after, number in sorted(moves):
        size = number * scale
        y, z = from_top[before], to_top[after]
        from_top[before] += size
        to_top[after] += size
        told = escape(f"{before} to {after}: {number:,}")
        drawn.append(
            f'<path d="M{left},{y:.1f}C{middle},{y:.1f} {middle},{z:.1f} {right},{z:.1f}'
            f"V{z + size:.1f}C{middle},{z + size:.1f} {middle},{y + size:.1f} "
            f'{left},{y + size:.1f}Z" fill="{colours[before]}" fill-opacity="0.45">'
            f"<title>{told}</title></path>"
        )
    return drawn


def _bar(name: str, top: float, height: float, number: int, *, is_left: bool) -> str:
    x = _LABELS if is_left else _WIDTH - _LABELS - _BAR
    at, anchor = (x - 6, "end") if is_left else (x + _BAR + 6, "start")
    return (
        f'<rect x="{x}" y="{top:.1f}" width="{_BAR}" height="{height:.1f}" fill="currentColor"/>'
        f'<text x="{at}" y="{top + height / 2 + 4:.1f}" text-anchor="{anchor}" '
        f'fill="currentColor">{escape(name)} {number:,}</text>'
    )
