"""What readers query: a view for each gold table, and the figures of `metrics`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from customer360.keys import TableKey
from customer360.serving.metrics import Metric, Ratio, tsql
from customer360.serving.published import GoldColumn, GoldTable
from customer360.serving.synapse.names import (
    DATABASE,
    GOLD,
    LAKE,
    METRICS,
    PII_READER,
    batches,
    quoted,
)
from customer360.serving.synapse.security import row_filter

Figures = Mapping[TableKey, Sequence[Metric]]


def views_script(tables: Sequence[GoldTable]) -> str:
    """A view per gold table: rows of the reader's places, personal columns for those who may."""
    return batches(f"USE {DATABASE};", *(_view(table) for table in tables))


def _view(table: GoldTable) -> str:
    join, condition = row_filter(table)
    columns = ",\n".join(f"    {_shown(column)}" for column in table.columns)
    lines = [
        f"-- {table.grain}" + ("" if condition else " About no place: all rows for all readers."),
        f"CREATE OR ALTER VIEW {GOLD}.{table.key.table} AS",
        f"SELECT\n{columns}",
        f"FROM {LAKE}.{table.key.table} AS t",
        *([join] if join else []),
        *([f"WHERE {condition}"] if condition else []),
    ]
    return "\n".join(lines) + ";"


def _shown(column: GoldColumn) -> str:
    name = quoted(column.name)
    if not column.is_personal:
        return f"t.{name}"
    return f"CASE WHEN IS_ROLEMEMBER(N'{PII_READER}') = 1 THEN t.{name} END AS {name}"


def figures_by_table(metrics: Mapping[str, Metric]) -> dict[TableKey, list[Metric]]:
    """Figures in their order, by the table that they are of."""
    found: dict[TableKey, list[Metric]] = {}
    for metric in metrics.values():
        found.setdefault(metric.table, []).append(metric)
    return found


def metrics_script(figures: Figures) -> str:
    """The figures, over what the reader may see.

    For each table that figures are of, a function of two days (both included) that gives one row
    with a column per figure; and a view of all figures over all days, with what they mean.
    """
    return batches(
        f"USE {DATABASE};",
        *(_function(key, metrics) for key, metrics in figures.items()),
        _all_figures(figures),
    )


def _function(key: TableKey, metrics: Sequence[Metric]) -> str:
    time = quoted(_time_column(metrics[0]))
    columns = ",\n".join(f"        {tsql(m, quoted)} AS {quoted(m.name)}" for m in metrics)
    return (
        f"-- select * from {METRICS}.{key.table}('2026-01-01', '2026-01-31')\n"
        f"CREATE OR ALTER FUNCTION {METRICS}.{key.table}(@first_day date, @last_day date)\n"
        "RETURNS TABLE AS RETURN (\n"
        f"    SELECT\n{columns}\n"
        f"    FROM {GOLD}.{key.table}\n"
        f"    WHERE {time} BETWEEN @first_day AND @last_day\n"
        ");"
    )


def _time_column(metric: Metric) -> str:
    figure = metric.numerator if isinstance(metric, Ratio) else metric
    return figure.time_column


def _all_figures(figures: Figures) -> str:
    """One statement per table, so that its files are read once; its columns become rows."""
    selects = [_rows(key, metrics) for key, metrics in figures.items()]
    return f"CREATE OR ALTER VIEW {METRICS}.figures AS\n" + "\nUNION ALL\n".join(selects) + ";"


def _rows(key: TableKey, metrics: Sequence[Metric]) -> str:
    values = ",\n".join(
        f"        CAST({tsql(m, quoted)} AS decimal(28,4)) AS {quoted(m.name)}" for m in metrics
    )
    known = ",\n".join(
        f"    ({_text(m.name)}, {_text(m.label)}, {_text(m.unit)}, {_text(m.description)})"
        for m in metrics
    )
    value = "\n".join(f"        WHEN {_text(m.name)} THEN f.{quoted(m.name)}" for m in metrics)
    return (
        f"SELECT {_text(key.sql)} AS table_name, m.name, m.label, m.unit, m.description,\n"
        f"    CASE m.name\n{value}\n    END AS value\n"
        f"FROM (\n    SELECT\n{values}\n    FROM {GOLD}.{key.table}\n) AS f\n"
        f"CROSS JOIN (VALUES\n{known}\n) AS m(name, label, unit, description)"
    )


def _text(value: str) -> str:
    return "N'" + value.replace("'", "''") + "'"
