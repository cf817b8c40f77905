"""Declared column types against the Delta schemas that the engine really wrote.

The embedded engine can type a column by the first branch of an expression and store 10.50 as 10
(docs/engines.md), so the tables themselves are asked after every build.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from customer360.assets.silver_load import tables_of
from customer360.checks import ledger, reconciliation
from customer360.identity import contract as identity
from customer360.keys import GOLD, LEDGER, RECONCILIATION, TableKey
from customer360.resources.lake import Lake, column_differences, column_types
from customer360.sources.spec import SourceSpec
from customer360.transforms import contract


def declared_columns(
    sources: Sequence[SourceSpec], manifest: Mapping[str, Any]
) -> Iterator[tuple[TableKey, dict[str, str]]]:
    """(table, column → SQL type) of every table whose types are declared."""
    for source in sources:
        for entity in source.entities:
            tables = tables_of(source, entity)
            yield tables.silver, dict(contract.silver_columns(entity))
            yield tables.quarantine, dict(contract.QUARANTINE_COLUMNS)
            yield tables.outranked, dict(contract.OUTRANKED_COLUMNS)
            yield tables.repairs, dict(contract.REPAIR_COLUMNS)
            for key, child in zip(tables.children, entity.children, strict=True):
                yield key, dict(contract.child_columns(entity, child))
    for key, columns in identity.TABLES.items():
        yield key, dict(identity.typed(columns))
    yield LEDGER, dict(ledger.COLUMNS)
    yield RECONCILIATION, dict(reconciliation.COLUMNS)
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and node["schema"] == GOLD:
            types = {c["name"]: c["data_type"] for c in node["columns"].values() if c["data_type"]}
            yield TableKey(GOLD, node["name"]), types


def type_differences(
    lake: Lake, sources: Sequence[SourceSpec], manifest: Mapping[str, Any]
) -> list[str]:
    """Columns and types that differ from their declaration, in words; empty when all agree."""
    differences = []
    for key, declared in declared_columns(sources, manifest):
        if not lake.exists(key):
            differences.append(f"{key.sql}: declared, but not in the lake")
            continue
        found = [(name, kind) for name, kind, _ in column_types(lake.delta(key))]
        differences += [
            f"{key.sql}.{difference}"
            for difference in column_differences(list(declared.items()), found)
        ]
    return differences
