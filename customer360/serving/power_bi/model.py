"""What the semantic model is: tables, columns, measures and relationships, from the dbt manifest.

Tables, columns, types, descriptions and PII marks are those of the dbt models; measures are the
metrics (`serving.metrics`); relationships follow from the entities of the semantic models. How
they are written is in `tmdl`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from customer360.errors import PowerBiError
from customer360.keys import GOLD
from customer360.serving.metrics import Figure, Metric, Ratio, dax, read_metrics, sql

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
_DECIMAL: Final = re.compile(r"decimal\((?P<digits>\d+),(?P<scale>\d+)\)")
# Digits behind the point that Power BI's fixed decimal number keeps.
_FIXED_SCALE: Final = 4


@dataclass(frozen=True)
class Kind:
    """A type, as the model and Power Query name it.

    Attributes:
        name: Type of a column of the model.
        query_type: Type in Power Query.
        format: How values are shown; empty for the default.
    """

    name: str
    query_type: str
    format: str = ""


TEXT: Final = Kind("string", "type text")
TIMESTAMP: Final = Kind("dateTime", "type datetime", "yyyy-mm-dd hh:nn:ss")
_KINDS: Final[Mapping[str, Kind]] = {
    "string": TEXT,
    "boolean": Kind("boolean", "type logical"),
    "int": Kind("int64", "Int64.Type", "0"),
    "bigint": Kind("int64", "Int64.Type", "0"),
    "date": Kind("dateTime", "type date", "yyyy-mm-dd"),
    "timestamp": TIMESTAMP,
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
class Relationship:
    """Rows of one table, each of which belongs to one row of another."""

    from_table: str
    from_column: str
    to_table: str
    to_column: str

    @property
    def name(self) -> str:
        """Its name in the model."""
        return f"{self.from_table}_{self.from_column}"


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
        PowerBiError: A table is missing, a type unknown, or a metric or an entity names a column
            that its table does not have; all such are named.
    """
    nodes = {n["name"]: n for n in manifest["nodes"].values() if _is_mart(n)}
    missing = [name for name in TABLES if name not in nodes]
    if missing:
        raise PowerBiError(
            f"The Power BI model wants gold tables that the dbt manifest has not: "
            f"{', '.join(missing)}. Build them, or take them out of TABLES in {__name__}."
        )
    metrics = read_metrics(manifest)
    relationships = tuple(_relationships(manifest, nodes))
    problems = [
        *_type_problems(nodes),
        *_metric_problems(nodes, metrics),
        *_key_problems(nodes, relationships),
    ]
    if problems:
        raise PowerBiError("The Power BI model cannot be made:\n  " + "\n  ".join(problems))
    ends = {(r.from_table, r.from_column) for r in relationships}
    tables = (_table(nodes[name], ends, metrics) for name in TABLES)
    return Model(tuple(tables), relationships)


def _is_mart(node: Mapping[str, Any]) -> bool:
    return (node["resource_type"], node["schema"]) == ("model", GOLD)


def _table(
    node: Mapping[str, Any], ends: set[tuple[str, str]], metrics: Mapping[str, Metric]
) -> Table:
    name = node["name"]
    day = (node.get("time_spine") or {}).get("standard_granularity_column")
    columns = tuple(
        Column(
            name=column["name"],
            description=_in_one_line(column["description"]),
            kind=_kind(column["data_type"]),
            is_key=column["name"] == day,
            # What rows are joined by says nothing to people, and is as long as it is random.
            is_hidden=(name, column["name"]) in ends or column["name"].endswith("_key"),
            is_personal=bool(column["config"].get("meta", {}).get("pii")),
            sorted_by=SORTED_BY.get(column["name"], ""),
        )
        for column in node["columns"].values()
    )
    measures = (_measure(m) for m in metrics.values() if m.table.table == name)
    return Table(
        name,
        _in_one_line(node["description"]),
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


def _kind(data_type: str) -> Kind:
    kind = _found_kind(data_type)
    assert kind is not None, data_type
    return kind


def _found_kind(data_type: str | None) -> Kind | None:
    text = (data_type or "").lower()
    match = _DECIMAL.fullmatch(text)
    if match is None:
        return _KINDS.get(text)
    if int(match["scale"]) <= _FIXED_SCALE:
        return Kind("decimal", "Currency.Type", "#,##0." + "0" * int(match["scale"]))
    return Kind("double", "type number", "#,##0." + "0" * int(match["scale"]))


def _relationships(manifest: Mapping[str, Any], nodes: Mapping[str, Any]) -> Iterator[Relationship]:
    """From each foreign entity to the table whose primary it is; from each fact to its day.

    A table that others refer to gets no day: its rows would be narrowed twice.
    """
    found = []
    for semantic in manifest["semantic_models"].values():
        table = manifest["nodes"][semantic["depends_on"]["nodes"][0]]["name"]
        if table in TABLES:
            found.append((table, semantic))
    primaries = {
        entity["name"]: (table, entity["expr"] or entity["name"])
        for table, semantic in found
        for entity in semantic["entities"]
        if entity["type"] == "primary"
    }
    referred = set()
    made = []
    for table, semantic in found:
        for entity in semantic["entities"]:
            if entity["type"] == "foreign" and entity["name"] in primaries:
                target = primaries[entity["name"]]
                referred.add(target[0])
                made.append(Relationship(table, entity["expr"] or entity["name"], *target))
    for table, semantic in found:
        day = (semantic["defaults"] or {}).get("agg_time_dimension")
        if day and table not in referred:
            columns = {d["name"]: d["expr"] or d["name"] for d in semantic["dimensions"]}
            made.append(Relationship(table, columns[day], *_calendar(nodes)))
    yield from sorted(made, key=lambda r: (TABLES.index(r.from_table), r.from_column))


def _calendar(nodes: Mapping[str, Any]) -> tuple[str, str]:
    """Table and column of the days."""
    for name in TABLES:
        spine = nodes[name].get("time_spine")
        if spine:
            return name, spine["standard_granularity_column"]
    raise PowerBiError("No table of the Power BI model has a time_spine: figures have no calendar.")


def _type_problems(nodes: Mapping[str, Any]) -> Iterator[str]:
    for name in TABLES:
        for column in nodes[name]["columns"].values():
            if _found_kind(column["data_type"]) is None:
                yield (
                    f"{name}.{column['name']}: found the type {column['data_type']}; expected "
                    f"{', '.join(_KINDS)} or a decimal"
                )


def _metric_problems(nodes: Mapping[str, Any], metrics: Mapping[str, Metric]) -> Iterator[str]:
    for metric in metrics.values():
        table = metric.table.table
        if table not in TABLES:
            yield f"metric {metric.name}: its table {table} is not in TABLES of {__name__}"
            continue
        columns = nodes[table]["columns"]
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
    nodes: Mapping[str, Any], relationships: tuple[Relationship, ...]
) -> Iterator[str]:
    for each in relationships:
        for table, column in (
            (each.from_table, each.from_column),
            (each.to_table, each.to_column),
        ):
            if column not in nodes[table]["columns"]:
                yield f"relationship {each.name}: there is no column {table}.{column}"
