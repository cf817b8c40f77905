"""What the semantic model is: tables, columns, measures and relationships, from the dbt manifest.

Tables, columns, types, descriptions and PII marks are those of the dbt models; measures are the
metrics (`serving.metrics`); relationships follow from the entities of the semantic models. How
they are written is in `tmdl`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from customer360.errors import PowerBiError
from customer360.serving.metrics import Figure, Metric, Ratio, dax, read_metrics, sql
from customer360.serving.power_bi.kinds import KINDS, Kind, found_kind, kind_of
from customer360.serving.power_bi.relationships import (
    Relationship,
    build_relationships,
    find_calendar,
)
from customer360.serving.published import GoldTable, read_gold

# The gold tables of the model: what the figures are counted in and what these are looked at by.
# `dim_customers` has the rows of `customer_360` once more: with both, a filter had two ways to go.
TABLES: Final = (
    "dim_dates", "dim_stores", "dim_products", "customer_360",
    "fct_orders", "fct_order_lines", "fct_web_sessions", "fct_tickets", "campaign_performance",
)  # fmt: skip
# Names that are sorted by their number, not by the alphabet.
SORTED_BY: Final[Mapping[str, str]] = {
    "month_name": "calendar_month",
    "day_name": "day_of_week",
}
_FORMATS: Final[Mapping[str, str]] = {
    "money": "#,##0.00",
    "count": "#,##0",
    "share": "0.0%",
    "score": "0.00",
}


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: Its name, gold's own.
        description: What it means.
        kind: Its type.
        is_key: The key of the date table.
        is_hidden: Not shown in the list of fields.
        is_personal: PII, as the dbt model marks it.
        sorted_by: Column by which it is sorted; empty for itself.
    """

    name: str
    description: str
    kind: Kind
    is_key: bool = False
    is_hidden: bool = False
    is_personal: bool = False
    sorted_by: str = ""


@dataclass(frozen=True)
class Measure:
    """A figure of the report.

    Attributes:
        metric: Name of the metric that it is.
        label: What people call it; the name of the measure.
        description: What it means, in a sentence.
        dax: Its expression.
        format: How its values are shown.
        sql: The same figure as a query of gold.
    """

    metric: str
    label: str
    description: str
    dax: str
    format: str
    sql: str


@dataclass(frozen=True)
class Table:
    """A table of the model, with gold's own name.

    Attributes:
        name: Its name.
        description: What it holds; the last sentence says what a row is.
        columns: Its columns, in gold's order.
        measures: Figures that are counted in it, by label.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    measures: tuple[Measure, ...] = ()

    @property
    def is_calendar(self) -> bool:
        """Whether it is the date table."""
        return any(column.is_key for column in self.columns)


@dataclass(frozen=True)
class Model:
    """The semantic model."""

    tables: tuple[Table, ...]
    relationships: tuple[Relationship, ...]

    def table(self, name: str) -> Table:
        """A table that is known to be there."""
        return next(table for table in self.tables if table.name == name)


def build_model(manifest: Mapping[str, Any]) -> Model:
    """The semantic model of a dbt manifest.

    Args:
        manifest: The parsed `manifest.json`.

    Raises:
        MetricError: A metric is none that Power BI can show.
        PublishingError: A gold table is not described well enough.
        PowerBiError: A table is missing, a type unknown, or a metric or an entity names a column
            that its table does not have; all such are named.
    """
    gold = {table.key.table: table for table in read_gold(manifest)}
    missing = [name for name in TABLES if name not in gold]
    if missing:
        raise PowerBiError(
            f"The Power BI model wants gold tables that the dbt manifest has not: "
            f"{', '.join(missing)}. Build them, or take them out of TABLES in {__name__}."
        )
    metrics = read_metrics(manifest)
    calendar = find_calendar(manifest, TABLES)
    relationships = build_relationships(manifest, TABLES, calendar)
    problems = [
        *_type_problems(gold),
        *_metric_problems(gold, metrics),
        *_key_problems(gold, relationships),
    ]
    if problems:
        raise PowerBiError("The Power BI model cannot be made:\n  " + "\n  ".join(problems))
    ends = {(r.from_table, r.from_column) for r in relationships}
    tables = (_table(gold[name], ends, calendar, metrics) for name in TABLES)
    return Model(tuple(tables), relationships)


def _table(
    table: GoldTable,
    ends: set[tuple[str, str]],
    calendar: tuple[str, str],
    metrics: Mapping[str, Metric],
) -> Table:
    name = table.key.table
    columns = tuple(
        Column(
            name=column.name,
            description=_in_one_line(column.description),
            kind=kind_of(column.data_type),
            is_key=(name, column.name) == calendar,
            # What rows are joined by says nothing to people, and is as long as it is random.
            is_hidden=(name, column.name) in ends or column.name.endswith("_key"),
            is_personal=bool(column.is_personal),
            sorted_by=SORTED_BY.get(column.name, ""),
        )
        for column in table.columns
    )
    measures = (_measure(m) for m in metrics.values() if m.table == table.key)
    return Table(
        name,
        _in_one_line(table.description),
        columns,
        tuple(sorted(measures, key=lambda m: m.label)),
    )


def _measure(metric: Metric) -> Measure:
    return Measure(
        metric=metric.name,
        label=metric.label,
        description=_in_one_line(metric.description),
        dax=dax(metric),
        format=_FORMATS[metric.unit],
        sql=f"select {sql(metric)} from {metric.table.sql}",
    )


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


def _type_problems(gold: Mapping[str, GoldTable]) -> Iterator[str]:
    for name in TABLES:
        for column in gold[name].columns:
            if found_kind(column.data_type) is None:
                yield (
                    f"{name}.{column.name}: found the type {column.data_type}; expected "
                    f"{', '.join(KINDS)} or a decimal"
                )


def _metric_problems(gold: Mapping[str, GoldTable], metrics: Mapping[str, Metric]) -> Iterator[str]:
    for metric in metrics.values():
        table = metric.table.table
        if table not in TABLES:
            yield f"metric {metric.name}: its table {table} is not in TABLES of {__name__}"
            continue
        columns = gold[table].column_names
        for name in dict.fromkeys(_used(metric)):
            if name not in columns:
                yield f"metric {metric.name}: there is no column {table}.{name}"
        if metric.label.lower() in columns:
            yield f"metric {metric.name}: {table} has a column of its label, {metric.label!r}"


def _used(metric: Metric) -> list[str]:
    """Columns that a metric is made of."""
    if isinstance(metric, Ratio):
        return _used(metric.numerator) + _used(metric.denominator)
    assert isinstance(metric, Figure)
    return [metric.column, metric.time_column, *(c.column for c in metric.conditions)]


def _key_problems(
    gold: Mapping[str, GoldTable], relationships: tuple[Relationship, ...]
) -> Iterator[str]:
    for each in relationships:
        ends = ((each.from_table, each.from_column), (each.to_table, each.to_column))
        for table, column in ends:
            if column not in gold[table].column_names:
                yield f"relationship {each.name}: there is no column {table}.{column}"
    for table in TABLES:
        columns = gold[table].column_names
        for name, number in SORTED_BY.items():
            if name in columns and number not in columns:
                yield f"{table}.{name} is sorted by {number}: there is no column {table}.{number}"
