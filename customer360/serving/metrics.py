"""The figures that are shown, as dbt's metrics define them, and their spelling in SQL and DAX.

`customer360_dbt/models/marts/metrics/` is the one place where a figure is defined; the manifest
carries it here. Only what a page, a report and a view can be told alike is accepted: a sum, a count
or a count of distinct values of one column, narrowed by comparisons of columns with literals, and
the ratio of two such figures.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from customer360.errors import Customer360Error
from customer360.keys import TableKey

UNITS: Final = ("money", "count", "share", "score")
_CONDITION: Final = re.compile(
    r"\{\{\s*Dimension\('(?P<entity>\w+?)__(?P<dimension>\w+)'\)\s*\}\}\s*"
    r"(?P<operator>=|<>|>=|<=|>|<)\s*(?P<literal>'[^']*'|-?[0-9]+|true|false)"
)
_AGGREGATES: Final = ("sum", "count", "count_distinct")


class MetricError(Customer360Error):
    """A metric of the dbt project is none that every tool can show."""


@dataclass(frozen=True)
class Condition:
    """A comparison that narrows a figure.

    Attributes:
        column: Column of the figure's table.
        operator: `=`, `<>`, `<`, `<=`, `>` or `>=`.
        literal: As SQL writes it: a text in quotes, a whole number, `true` or `false`.
    """

    column: str
    operator: str
    literal: str


@dataclass(frozen=True)
class Figure:
    """A number added up or counted over the rows of one gold table.

    Attributes:
        name: Name of the metric.
        label: What people call it.
        description: What it means, in a sentence.
        unit: One of `UNITS`.
        table: The gold table.
        aggregate: `sum`, `count` (of rows where the column is not null) or `count_distinct`.
        column: Column that is added up or counted.
        time_column: Date of the table that a period narrows.
        conditions: Which rows count; all must hold.
    """

    name: str
    label: str
    description: str
    unit: str
    table: TableKey
    aggregate: str
    column: str
    time_column: str
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Ratio:
    """One figure divided by another; nothing where the other is 0.

    Attributes:
        name: Name of the metric.
        label: What people call it.
        description: What it means, in a sentence.
        unit: One of `UNITS`.
        numerator: The figure that is divided.
        denominator: The figure it is divided by; of the same table.
    """

    name: str
    label: str
    description: str
    unit: str
    numerator: Figure
    denominator: Figure

    @property
    def table(self) -> TableKey:
        """The gold table that both figures are of."""
        return self.numerator.table


Metric = Figure | Ratio


def read_metrics(manifest: Mapping[str, Any]) -> dict[str, Metric]:
    """All metrics of a dbt manifest, by name, sorted: dbt's own order changes as it parses anew.

    Args:
        manifest: The parsed `manifest.json`.

    Raises:
        MetricError: A metric is not of the forms that every tool can show; all such are named.
    """
    measures = _measures(manifest)
    found: dict[str, Metric] = {}
    problems: list[str] = []
    ratios = []
    for node in sorted(manifest["metrics"].values(), key=itemgetter("name")):
        if node["type"] == "ratio":
            ratios.append(node)
            continue
        try:
            found[node["name"]] = _figure(node, measures)
        except MetricError as problem:
            problems.append(str(problem))
    for node in ratios:
        try:
            found[node["name"]] = _ratio(node, found)
        except MetricError as problem:
            problems.append(str(problem))
    if problems:
        raise MetricError("\n".join(problems))
    return dict(sorted(found.items()))


def _measures(manifest: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Measures by name, with their table, default date and the columns of dimensions."""
    found = {}
    for model in manifest["semantic_models"].values():
        columns = {d["name"]: d["expr"] or d["name"] for d in model["dimensions"]}
        relation = manifest["nodes"][model["depends_on"]["nodes"][0]]
        for measure in model["measures"]:
            time = measure["agg_time_dimension"] or model["defaults"]["agg_time_dimension"]
            found[measure["name"]] = {
                "table": TableKey(relation["schema"], relation["name"]),
                "aggregate": measure["agg"],
                "column": measure["expr"] or measure["name"],
                "time_column": columns[time],
                "columns": columns,
            }
    return found


def _described(node: Mapping[str, Any]) -> dict[str, str]:
    unit = node["config"].get("meta", {}).get("unit")
    if unit not in UNITS:
        raise MetricError(
            f"Metric {node['name']}: found unit {unit!r} in its meta; expected one of "
            f"{', '.join(UNITS)}."
        )
    return {
        "name": node["name"],
        "label": node["label"],
        "description": node["description"],
        "unit": unit,
    }


def _figure(node: Mapping[str, Any], measures: Mapping[str, dict[str, Any]]) -> Figure:
    if node["type"] != "simple":
        raise MetricError(
            f"Metric {node['name']}: found type {node['type']}; expected simple or ratio."
        )
    measure = measures[node["type_params"]["measure"]["name"]]
    if measure["aggregate"] not in _AGGREGATES or not measure["column"].isidentifier():
        raise MetricError(
            f"Metric {node['name']}: found {measure['aggregate']} of {measure['column']!r}; "
            f"expected one of {', '.join(_AGGREGATES)} of a column. Give the table a column for it."
        )
    filters = node["filter"]["where_filters"] if node["filter"] else []
    return Figure(
        **_described(node),
        table=measure["table"],
        aggregate=measure["aggregate"],
        column=measure["column"],
        time_column=measure["time_column"],
        conditions=tuple(
            condition
            for each in filters
            for condition in _conditions(
                node["name"], each["where_sql_template"], measure["columns"]
            )
        ),
    )


def _conditions(metric: str, template: str, columns: Mapping[str, str]) -> list[Condition]:
    found = []
    for part in re.split(r"\band\b", template):
        match = _CONDITION.fullmatch(part.strip())
        if match is None or match["dimension"] not in columns:
            raise MetricError(
                f"Metric {metric}: found the filter {part.strip()!r}; expected comparisons of a "
                f"dimension of its own table ({', '.join(columns)}) with a literal, joined by and."
            )
        column = columns[match["dimension"]]
        found.append(Condition(column, match["operator"], match["literal"]))
    return found


def _ratio(node: Mapping[str, Any], figures: Mapping[str, Metric]) -> Ratio:
    parameters = node["type_params"]
    parts = [figures.get(parameters[name]["name"]) for name in ("numerator", "denominator")]
    numerator, denominator = parts
    if not isinstance(numerator, Figure) or not isinstance(denominator, Figure):
        raise MetricError(f"Metric {node['name']}: expected a ratio of two simple metrics.")
    if numerator.table != denominator.table:
        raise MetricError(
            f"Metric {node['name']}: found figures of {numerator.table.sql} and "
            f"{denominator.table.sql}; expected two of one table."
        )
    return Ratio(**_described(node), numerator=numerator, denominator=denominator)


def sql(metric: Metric, column: Callable[[str], str] = str) -> str:
    """The metric as an aggregate of SQL over rows of its table.

    Written so that DuckDB, Spark, Databricks and T-SQL read it alike, booleans apart: T-SQL's are
    bits (`tsql`). A ratio is rounded half up: money to cents, shares and scores to 4 digits.

    Args:
        metric: The metric.
        column: How a column is written; as it is by default.
    """
    if isinstance(metric, Ratio):
        digits = 2 if metric.unit == "money" else 4
        above, below = (_exact(sql(m, column)) for m in (metric.numerator, metric.denominator))
        return f"cast(round({above} / nullif({below}, 0), {digits}) as decimal(18,{digits}))"
    value = column(metric.column)
    if metric.conditions:
        wanted = " and ".join(
            f"{column(c.column)} {c.operator} {c.literal}" for c in metric.conditions
        )
        value = f"case when {wanted} then {value} end"
    if metric.aggregate == "count_distinct":
        return f"count(distinct {value})"
    if metric.aggregate == "count":
        return f"count({value})"
    kind = "decimal(18,2)" if metric.unit == "money" else "bigint"
    return f"coalesce(cast(sum({value}) as {kind}), 0)"


def _exact(expression: str) -> str:
    """Wide enough for a quotient with digits to spare before it is rounded."""
    return f"cast({expression} as decimal(28,8))"


def tsql(metric: Metric, column: Callable[[str], str] = str) -> str:
    """The metric as an aggregate of T-SQL, where booleans are bits.

    Args:
        metric: The metric.
        column: How a column is written; as it is by default.
    """
    return re.sub(
        r"(= |<> )(true|false)\b", lambda m: m[1] + str(int(m[2] == "true")), sql(metric, column)
    )


def dax(metric: Metric) -> str:
    """The metric as a DAX expression over a model whose tables have gold's names."""
    if isinstance(metric, Ratio):
        return f"DIVIDE([{metric.numerator.label}], [{metric.denominator.label}])"
    table = metric.table.table
    value = f"{table}[{metric.column}]"
    counted = {
        "sum": f"SUM({value}) + 0",
        "count": f"COUNTA({value}) + 0",
        # A blank is a value for DISTINCTCOUNT; an unknown customer is nobody.
        "count_distinct": f"DISTINCTCOUNTNOBLANK({value}) + 0",
    }[metric.aggregate]
    if not metric.conditions:
        return counted
    filters = ", ".join(
        f"KEEPFILTERS({table}[{c.column}] {c.operator} {_dax_literal(c.literal)})"
        for c in metric.conditions
    )
    return f"CALCULATE({counted}, {filters})"


def _dax_literal(literal: str) -> str:
    if literal in ("true", "false"):
        return f"{literal.upper()}()"
    return f'"{literal[1:-1]}"' if literal.startswith("'") else literal
