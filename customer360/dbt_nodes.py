"""Nodes of a dbt sources file: tables, their columns and tests, as data.

Which tables there are is in `dbt_sources`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from customer360 import keys
from customer360.sources.spec import Field
from customer360.transforms.contract import Columns

# Columns that the platform adds to what a source declares.
_PLATFORM: Final = {
    "is_deleted": "The source has deleted the record; the row is its tombstone.",
    "issues": "column:rule of every value that could not be read, ; between; null when all could.",
    "source_file": "Landing file that the row was read from.",
    "record_line": "Line of the record in that file.",
    "landed_on": "Landing day of the row, UTC.",
}

Node = dict[str, Any]
# Column -> (table, column) where its values should exist, and how bad it is when one does not.
References = Mapping[str, tuple[str, str, str]]


def table_node(
    name: str,
    description: str,
    owner: str,
    columns: Columns,
    fields: Sequence[Field],
    references: References,
    *,
    key: tuple[str, ...],
    filled: Sequence[str],
) -> Node:
    """One table of a sources file; tests of the contract are errors.

    Args:
        name: Its name.
        description: What it holds; what a row is.
        owner: Whom to ask.
        columns: (name, SQL type), in order.
        fields: What is known of them; a column that is none of these is one of the platform's.
        references: Columns whose values should exist elsewhere.
        key: Columns that no two rows share; without one the table has no tests.
        filled: Columns without nulls.
    """
    known = {f.name: f for f in fields}
    nodes = [_column(name, column, kind, known.get(column), references) for column, kind in columns]
    tests = [
        _test("key_is_unique", f"{name}_key_is_unique", columns=list(key)),
        _test("columns_are_filled", f"{name}_required_columns_are_filled", columns=list(filled)),
    ]
    return {
        "name": name,
        "description": description,
        "config": {"meta": {"owner": owner, "pii": any(f.pii for f in fields)}},
        **({"data_tests": tests} if key else {}),
        "columns": nodes,
    }


def _column(table: str, name: str, kind: str, field: Field | None, references: References) -> Node:
    """One column of a table; a column that no field declares is one that the platform adds."""
    description = field.description if field else _PLATFORM[name]
    node: Node = {"name": name, "description": description, "data_type": kind}
    if field and field.pii:
        node["config"] = {"meta": {"pii": True}}
    tests = []
    if field and field.values:
        values = list(field.values)
        tests.append(_test("accepted_values", f"{table}_{name}_is_an_allowed_value", values=values))
    if name in references:
        to, column, severity = references[name]
        test = _test(
            "relationships",
            f"{table}_{name}_exists_in_{to}",
            to=f"source('{keys.SILVER}', '{to}')",
            field=column,
        )
        tests.append(test if severity == "error" else _with_severity(test, severity))
    if tests:
        node["data_tests"] = tests
    return node


def _test(kind: str, name: str, **arguments: object) -> Node:
    """A dbt test; its name is a statement that is true when it passes."""
    return {kind: {"name": name, "arguments": arguments}}


def _with_severity(test: Node, severity: str) -> Node:
    return {kind: {**body, "config": {"severity": severity}} for kind, body in test.items()}
