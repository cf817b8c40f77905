"""Charts as SVG text, drawn in this process from Vega-Lite: no browser, no network, no script.

Lines and letters have the colour of the text around them, so that a chart fits a light page, a dark
one and paper; the colours of marks are readable on all three.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

# Told apart by people who see fewer colours, too.
BLUE, ORANGE, GREY, GREEN = "#4a90c4", "#d9822b", "#8a8f98", "#4f9d69"
_INK: Final = "currentColor"
_WIDTH: Final = 560
_CONFIG: Final = {
    "background": "transparent",
    "font": "sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": _INK, "titleColor": _INK, "tickColor": _INK, "domainColor": _INK,
        "gridColor": _INK, "gridOpacity": 0.12, "labelLimit": 200, "titleFontWeight": "normal",
    },
    "legend": {"labelColor": _INK, "titleColor": _INK, "orient": "top", "title": None},
    "title": {"color": _INK, "subtitleColor": _INK},
    "text": {"color": _INK},
}  # fmt: skip

# A mark of the picture with what it stands for in words.
_MARK: Final = re.compile(
    r'<(?P<tag>path|rect|circle|text)(?P<rest> aria-label="(?P<label>[^"]*)" '
    r'role="graphics-symbol"[^>]*)/>'
)

Spec = Mapping[str, Any]
Rows = Sequence[Mapping[str, Any]]


def svg(spec: Spec) -> str:
    """Draw a Vega-Lite chart; marks tell their values when pointed at."""
    return _drawn(json.dumps(spec, default=str))


# The same rows come again with every view of a page until the next refresh.
@lru_cache(maxsize=512)
def _drawn(spec: str) -> str:
    import vl_convert

    drawn = str(vl_convert.vegalite_to_svg(spec))
    return _MARK.sub(r"<\g<tag>\g<rest>><title>\g<label></title></\g<tag>>", drawn)


def share_bars(rows: Rows) -> Spec:
    """Lying bars of shares, several for each part.

    Args:
        rows: `part`, `kind` and `share` (0 to 1) of each bar; parts and kinds in the order of rows.
    """
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    percent = {"format": ".0%", "title": None}
    return _chart(
        rows,
        mark={"type": "bar", "height": {"band": 0.85}},
        height={"step": 13},
        encoding={
            "y": {"field": "part", "type": "nominal", "sort": None, "title": None},
            "yOffset": {"field": "kind", "sort": kinds},
            "x": {"field": "share", "type": "quantitative", "axis": percent,
                  "scale": {"domain": [0, 1]}},
            "color": _colours(kinds),
        },
    )  # fmt: skip


def count_columns(rows: Rows, title: str) -> Spec:
    """Standing columns with their numbers on top.

    Args:
        rows: `part` and `count` of each column, in order.
        title: What the parts are.
    """
    x = {
        "field": "part", "type": "nominal", "sort": None, "title": title, "axis": {"labelAngle": 0}
    }  # fmt: skip
    y = {"field": "count", "type": "quantitative", "title": None}
    number = {"field": "count", "type": "quantitative", "format": ","}
    columns = {"mark": {"type": "bar", "color": BLUE}, "encoding": {"x": x, "y": y}}
    numbers = {
        "mark": {"type": "text", "dy": -6},
        "encoding": {"x": x, "y": y, "text": number},
    }
    return _chart(rows, layer=[columns, numbers], height=180)


def stacked_columns(rows: Rows, title: str) -> Spec:
    """Standing columns of counts over whole numbers, stacked by kind.

    Args:
        rows: `at` (whole number), `kind` and `count`; kinds in the order of rows.
        title: What the numbers are.
    """
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    return _chart(
        rows,
        mark={"type": "bar"},
        height=180,
        encoding={
            "x": {"field": "at", "type": "quantitative", "bin": {"binned": True, "step": 1},
                  "title": title},
            "x2": {"field": "end"},
            "y": {"field": "count", "type": "quantitative", "title": None},
            "color": _colours(kinds),
        },
    )  # fmt: skip


def weight_bars(rows: Rows) -> Spec:
    """Lying bars to the left and right of nothing.

    Args:
        rows: `part` and `weight` of each bar, in order.
    """
    return _chart(
        rows,
        mark={"type": "bar"},
        height={"step": 13},
        encoding={
            "y": {"field": "part", "type": "nominal", "sort": None, "title": None},
            "x": {"field": "weight", "type": "quantitative", "title": None},
            "color": {
                "condition": {"test": "datum.weight < 0", "value": ORANGE}, "value": BLUE,
            },
        },
    )  # fmt: skip


def share_lines(rows: Rows) -> Spec:
    """A line of shares over runs for each part.

    Args:
        rows: `run` (in order), `part` and `share` (0 to 1).
    """
    return _chart(
        rows,
        mark={"type": "line", "point": True},
        height=220,
        encoding={
            "x": {"field": "run", "type": "ordinal", "sort": None, "title": None,
                  "axis": {"labelAngle": -30, "labelOverlap": True}},
            "y": {"field": "share", "type": "quantitative", "title": None,
                  "axis": {"format": ".0%"}, "scale": {"zero": False}},
            "color": {"field": "part", "type": "nominal", "sort": None,
                      "scale": {"scheme": "tableau10"}, "legend": {"columns": 4}},
        },
    )  # fmt: skip


def time_columns(rows: Rows, *, money: bool = False) -> Spec:
    """Standing columns over days or months, stacked by kind.

    Args:
        rows: `at` (ISO date), `kind` and `number`; kinds in the order of rows.
        money: Numbers are amounts.
    """
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    return _chart(
        rows,
        mark={"type": "bar"},
        height=180,
        encoding={
            "x": _times(rows),
            "y": {"field": "number", "type": "quantitative", "title": None,
                  "axis": {"format": "~s" if money else ",d", "tickMinStep": 1}},
            "color": _colours(kinds),
        },
    )  # fmt: skip


def curves(rows: Rows, title: str) -> Spec:
    """Lines of shares over whole numbers, one for each part.

    Args:
        rows: `at` (whole number), `part` and `share` (0 to 1); parts in the order of rows.
        title: What the numbers are.
    """
    return _chart(
        rows,
        mark={"type": "line", "interpolate": "step-after"},
        height=220,
        encoding={
            "x": {"field": "at", "type": "quantitative", "title": title},
            "y": {"field": "share", "type": "quantitative", "title": None,
                  "axis": {"format": ".0%"}},
            "color": {"field": "part", "type": "nominal", "sort": None,
                      "scale": {"scheme": "tableau10"}},
        },
    )  # fmt: skip


def amount_bars(rows: Rows, *, money: bool = False) -> Spec:
    """Lying bars, one for each part.

    Args:
        rows: `part` and `number` of each bar, in order.
        money: Numbers are amounts.
    """
    return _chart(
        rows,
        mark={"type": "bar", "color": BLUE},
        height={"step": 20},
        encoding={
            "y": {"field": "part", "type": "nominal", "sort": None, "title": None},
            "x": {"field": "number", "type": "quantitative", "title": None,
                  "axis": {"format": "~s" if money else ",d", "tickMinStep": 1}},
        },
    )  # fmt: skip


def _times(rows: Rows) -> Spec:
    """Days as they are; a handful of them by name, so that none is written twice."""
    if len({row["at"] for row in rows}) <= 14:
        return {"field": "at", "type": "ordinal", "title": None, "axis": {"labelAngle": -30}}
    # Months are as wide as months are, not as one of their days.
    unit = (
        "utcyearmonth"
        if all(len(row["at"]) == len("2026-01") for row in rows)
        else "utcyearmonthdate"
    )
    return {"field": "at", "type": "temporal", "timeUnit": unit, "title": None}


def _chart(rows: Rows, **parts: Any) -> Spec:
    return {"config": _CONFIG, "width": _WIDTH, "data": {"values": list(rows)}, **parts}


def _colours(kinds: Sequence[str]) -> Spec:
    scale = {"domain": list(kinds), "range": [BLUE, ORANGE, GREY, GREEN][: len(kinds)]}
    return {"field": "kind", "type": "nominal", "sort": list(kinds), "scale": scale}
