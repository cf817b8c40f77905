"""The semantic model as TMDL: the text that Power BI keeps a model in.

Tabs indent, a name is quoted unless it is plain, a description is the lines above its object, an
expression of several lines stands two levels deeper. Written the way that the format's own
serializer would write it again, so that a look with Power BI Desktop changes little.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from customer360.serving.power_bi.model import Column, Measure, Model, Table
from customer360.serving.power_bi.queries import (
    Expression,
    build_expressions,
    build_readers,
    readers_query,
    table_query,
)
from customer360.serving.power_bi.relationships import Relationship
from customer360.serving.power_bi.roles import Role, build_roles

# The lowest level that Power BI projects are kept in and that has all that is used here.
_COMPATIBILITY: Final = 1600
METRIC: Final = "customer360_metric"
TWIN: Final = "customer360_sql"
PERSONAL: Final = "customer360_pii"
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def render_model(model: Model, sources: Sequence[str]) -> dict[str, str]:
    """The files of a model's definition.

    Args:
        model: The model.
        sources: Where gold may be read from (`queries.build_expressions`).

    Returns:
        Texts by path below `definition/`.
    """
    readers, roles = build_readers(), build_roles(model)
    names = [*(table.name for table in model.tables), readers.name]
    files = {
        "database.tmdl": f"database\n\tcompatibilityLevel: {_COMPATIBILITY}\n",
        "model.tmdl": _model(names, [role.name for role in roles]),
        "expressions.tmdl": _joined(_expression(e) for e in build_expressions(sources)),
        "relationships.tmdl": _joined(_relationship(r) for r in model.relationships),
    }
    for table in model.tables:
        files[f"tables/{table.name}.tmdl"] = _table(table, table_query(table))
    files[f"tables/{readers.name}.tmdl"] = _table(readers, readers_query(), is_hidden=True)
    for role in roles:
        files[f"roles/{role.name}.tmdl"] = _role(role)
    return files


def _joined(blocks: Iterable[Iterable[str]]) -> str:
    """Objects with a blank line between them."""
    return "\n".join("\n".join(block) + "\n" for block in blocks)


def _model(tables: Sequence[str], roles: Sequence[str]) -> str:
    return _joined(
        [
            [
                "model Model",
                "\tculture: en-US",
                "\tdefaultPowerBIDataSourceVersion: powerBI_V3",
                # Whatever is shown is a measure, and so a metric.
                "\tdiscourageImplicitMeasures",
            ],
            # Power BI's own hidden calendars would stand beside dim_dates.
            ["annotation __PBI_TimeIntelligenceEnabled = 0"],
            [f"ref table {quoted(name)}" for name in tables],
            [f"ref role {quoted(name)}" for name in roles],
        ]
    )


def _expression(expression: Expression) -> Iterator[str]:
    yield f"/// {expression.description}"
    yield from _assigned(f"expression {quoted(expression.name)}", expression.lines, "")


def _relationship(relationship: Relationship) -> Iterator[str]:
    yield f"relationship {quoted(relationship.name)}"
    yield f"\tfromColumn: {quoted(relationship.from_table)}.{quoted(relationship.from_column)}"
    yield f"\ttoColumn: {quoted(relationship.to_table)}.{quoted(relationship.to_column)}"


def _table(table: Table, query: Sequence[str], *, is_hidden: bool = False) -> str:
    head = [f"/// {table.description}", f"table {quoted(table.name)}"]
    if is_hidden:
        head.append("\tisHidden")
    if table.is_calendar:
        head.append("\tdataCategory: Time")
    blocks: list[Iterable[str]] = [head]
    blocks += [_measure(measure) for measure in table.measures]
    blocks += [_column(column) for column in table.columns]
    blocks.append(
        [
            f"\tpartition {quoted(table.name)} = m",
            "\t\tmode: import",
            *_assigned("source", query, "\t\t"),
        ]
    )
    return _joined(blocks)


def _measure(measure: Measure) -> Iterator[str]:
    yield f"\t/// {measure.description}"
    yield f"\tmeasure {quoted(measure.label)} = {measure.dax}"
    yield f"\t\tformatString: {measure.format}"
    yield ""
    yield f"\t\tannotation {METRIC} = {measure.metric}"
    yield ""
    yield f"\t\tannotation {TWIN} = {measure.sql}"


def _column(column: Column) -> Iterator[str]:
    yield f"\t/// {column.description}"
    yield f"\tcolumn {quoted(column.name)}"
    yield f"\t\tdataType: {column.kind.name}"
    if column.is_hidden:
        yield "\t\tisHidden"
    if column.is_key:
        yield "\t\tisKey"
    if column.kind.format:
        yield f"\t\tformatString: {column.kind.format}"
    yield "\t\tsummarizeBy: none"
    yield f"\t\tsourceColumn: {column.name}"
    if column.sorted_by:
        yield f"\t\tsortByColumn: {quoted(column.sorted_by)}"
    if column.is_personal:
        yield ""
        yield f"\t\tannotation {PERSONAL} = true"


def _role(role: Role) -> str:
    head = [f"/// {role.description}", f"role {quoted(role.name)}", "\tmodelPermission: read"]
    blocks: list[list[str]] = [head]
    for table in dict.fromkeys([*role.rows, *role.hidden]):
        rows = f" = {role.rows[table]}" if table in role.rows else ""
        blocks.append([f"\ttablePermission {quoted(table)}{rows}"])
        blocks += [
            [f"\t\tcolumnPermission {quoted(column)} = none"]
            for column in role.hidden.get(table, ())
        ]
    return _joined(blocks)


def _assigned(name: str, lines: Sequence[str], indent: str) -> Iterator[str]:
    """An expression: behind the sign when it is one line, else below it."""
    if len(lines) == 1:
        yield f"{indent}{name} = {lines[0]}"
        return
    yield f"{indent}{name} ="
    for line in lines:
        yield f"{indent}\t\t{line}"


def quoted(name: str) -> str:
    """A name, in single quotes unless it is plain."""
    if _PLAIN.fullmatch(name):
        return name
    return "'" + name.replace("'", "''") + "'"
