"""The data dictionary of gold, and the page of the figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from customer360.keys import TableKey
from customer360.pages import html
from customer360.serving.lineage import ColumnKey, Lineage, origins
from customer360.serving.metrics import Figure, Metric, Ratio, dax, sql
from customer360.serving.published import GoldColumn, GoldTable
from customer360.serving.site.frame import DICTIONARY, METRICS, code, link, page, text_table
from customer360.serving.site.guides import parser

_UNITS: Final = {
    "money": "money, in the lake's currency, to the cent",
    "count": "number",
    "share": "share between 0 and 1, to 4 digits",
    "score": "score, to 4 digits",
}
_ABOUT_GOLD: Final = """<p>Tables of the gold layer. Personal columns identify or describe a person:
the dashboard masks them, Power BI and Synapse show them to those who may see them.</p>"""
_ABOUT_FIGURES: Final = """<p>Each figure is defined once, in
<code>customer360_dbt/models/marts/metrics</code>. Dashboard, Power BI and Synapse show what is
defined there. A period is a range of days of the named column; a ratio is divided after both sides
were added up.</p>"""


def table_anchor(table: TableKey) -> str:
    """Where the dictionary describes a table, as a link from the site's root."""
    return f"{DICTIONARY}#{table.table}"


def dictionary_page(
    tables: Sequence[GoldTable], lineage: Lineage, metrics: Mapping[str, Metric]
) -> str:
    """All gold tables: what a row is, what each column means and is made of, what is personal.

    Args:
        tables: The gold tables.
        lineage: What columns are made of; empty where it has not been made.
        metrics: The figures.
    """
    areas = dict.fromkeys(table.area for table in tables)
    parts = [_ABOUT_GOLD]
    for area in areas:
        names = ", ".join(link(t.key.table, f"#{t.key.table}") for t in tables if t.area == area)
        parts.append(f"<p><strong>{escape(area.capitalize())}</strong>: {names}</p>")
    parts += [_section(table, lineage, metrics) for table in tables]
    return page("Data dictionary of gold", parts, DICTIONARY)


def _section(table: GoldTable, lineage: Lineage, metrics: Mapping[str, Metric]) -> str:
    rows = [_row(table.key, column, lineage) for column in table.columns]
    figures = [metric for metric in metrics.values() if metric.table == table.key]
    told = [parser().render(table.description)]
    if table.key_columns:
        told.append(f"<p>Key: {', '.join(f'<code>{c}</code>' for c in table.key_columns)}.</p>")
    if figures:
        names = ", ".join(link(m.label, f"{METRICS}#{m.name}") for m in figures)
        told.append(f"<p>Figures: {names}.</p>")
    content = "".join(told) + text_table(("column", "type", "meaning", "made of"), rows)
    return f'<div id="{table.key.table}">{html.section(table.key.sql, content)}</div>'


def _row(table: TableKey, column: GoldColumn, lineage: Lineage) -> list[str]:
    mark = ' <strong class="pii">personal</strong>' if column.is_personal else ""
    key = ColumnKey(*table, column.name)
    made_of = [origin.sql for origin in origins(lineage, key) if origin != key]
    return [
        f'<code id="{table.table}.{column.name}">{column.name}</code>{mark}',
        escape(column.data_type),
        parser().render(column.description),
        "<br>".join(f"<code>{escape(name)}</code>" for name in made_of),
    ]


def metrics_page(metrics: Mapping[str, Metric]) -> str:
    """All figures: meaning, unit, definition in SQL and DAX."""
    parts = [_ABOUT_FIGURES, *map(_figure, metrics.values())]
    return page("Figures", parts, METRICS)


def _figure(metric: Metric) -> str:
    day = metric.numerator if isinstance(metric, Ratio) else metric
    where = (
        f"{link(metric.table.sql, table_anchor(metric.table))}, by <code>{day.time_column}</code>"
    )
    about = [f"<code>{metric.name}</code>", _UNITS[metric.unit], f"of {where}", *_parts(metric)]
    told = [
        f"<p>{escape(metric.description)}</p>",
        f'<p class="note">{"; ".join(about)}.</p>',
        code(f"select {sql(metric)}\nfrom {metric.table.sql}"),
        f"<details><summary>DAX</summary>{code(dax(metric))}</details>",
    ]
    return f'<div id="{metric.name}">{html.section(metric.label, "".join(told))}</div>'


def _parts(metric: Metric) -> list[str]:
    if isinstance(metric, Figure):
        return []
    above, below = (link(m.label, f"#{m.name}") for m in (metric.numerator, metric.denominator))
    return [f"{above} divided by {below}"]
