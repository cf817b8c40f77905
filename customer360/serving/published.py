"""The gold tables that are published, as the dbt manifest describes them.

What a table, a column and its type mean comes from here for everything that is made of gold:
Synapse, documentation, lineage. Figures are in `metrics`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from customer360.errors import Customer360Error
from customer360.keys import GOLD, TableKey

_GRAIN = re.compile(r"One row per [^.]+\.$")


class PublishingError(Customer360Error):
    """A gold table is not described well enough to be published."""


@dataclass(frozen=True)
class GoldColumn:
    """A column of a gold table.

    Attributes:
        name: Name of the column.
        description: What it means.
        data_type: Spark SQL type of the contract, as `decimal(18,2)`.
        is_personal: It identifies or describes a person (`config.meta.pii`); None where nothing is
            said, which is as good as no.
        values: The values that it may have, where they are listed.
    """

    name: str
    description: str
    data_type: str
    is_personal: bool | None
    values: tuple[str, ...]


@dataclass(frozen=True)
class GoldTable:
    """A gold table.

    Attributes:
        key: Layer and name.
        description: What it holds; the last sentence is its grain.
        area: What it is about: the folder of its model below `marts`.
        columns: Its columns, in order.
        key_columns: Columns that name a row.
    """

    key: TableKey
    description: str
    area: str
    columns: tuple[GoldColumn, ...]
    key_columns: tuple[str, ...]

    @property
    def grain(self) -> str:
        """What a row is, as `One row per order.`, the last sentence of the description."""
        match = _GRAIN.search(self.description)
        return match[0] if match else ""

    @property
    def column_names(self) -> frozenset[str]:
        """Names of its columns."""
        return frozenset(column.name for column in self.columns)


def read_gold(manifest: Mapping[str, Any]) -> tuple[GoldTable, ...]:
    """All marts of a dbt manifest, sorted by name; snapshots are read through their marts.

    Args:
        manifest: The parsed `manifest.json`.

    Raises:
        PublishingError: A column has no type or a table no grain; all such are named.
    """
    values, keys = _listed_values(manifest), _key_columns(manifest)
    tables = []
    for name, node in manifest["nodes"].items():
        if node["resource_type"] != "model" or node["schema"] != GOLD:
            continue
        columns = tuple(
            GoldColumn(
                name=column["name"],
                description=column["description"],
                data_type=(column["data_type"] or "").lower(),
                is_personal=column["config"]["meta"].get("pii"),
                values=values.get((name, column["name"]), ()),
            )
            for column in node["columns"].values()
        )
        tables.append(
            GoldTable(
                key=TableKey(GOLD, node["name"]),
                description=node["description"].strip(),
                area=node["fqn"][-2],
                columns=columns,
                key_columns=keys.get(name, ()),
            )
        )
    problems = [problem for table in tables for problem in _problems(table)]
    if problems:
        raise PublishingError("Gold cannot be published:\n  " + "\n  ".join(problems))
    return tuple(sorted(tables, key=lambda table: table.key))


def _problems(table: GoldTable) -> Iterator[str]:
    if not table.grain:
        yield f"{table.key.sql}: found no grain; expected `One row per …` as the last sentence"
    for column in table.columns:
        if not column.data_type:
            yield f"{table.key.sql}.{column.name}: found no type; expected a data_type in its yml"


def _tests(manifest: Mapping[str, Any], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(model, test) of every generic dbt test of a kind."""
    for node in manifest["nodes"].values():
        about = node.get("test_metadata") or {}
        if about.get("name") == kind and node.get("attached_node"):
            yield node["attached_node"], node


def _listed_values(manifest: Mapping[str, Any]) -> dict[tuple[str, str], tuple[str, ...]]:
    return {
        (model, test["column_name"]): tuple(map(str, test["test_metadata"]["kwargs"]["values"]))
        for model, test in _tests(manifest, "accepted_values")
    }


def _key_columns(manifest: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {
        model: tuple(test["test_metadata"]["kwargs"]["columns"])
        for model, test in _tests(manifest, "key_is_unique")
    }
