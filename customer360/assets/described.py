"""What the UI says about an asset besides its description: columns, what they are made of, a page.

Dagster's own web page shows `dagster/column_schema` of a definition, with descriptions and tags of
columns, and hides `dagster/column_lineage`, which Dagster+ draws; so the sources of a column
are in its description, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import dagster as dg

from customer360.serving.lineage import ColumnKey, Lineage, origins
from customer360.serving.site.links import page_about

PII_TAG: Final = "pii"
# Of more sources the number is told; the documentation site lists them all.
_MOST_SOURCES: Final = 4

_Asset = dg.AssetsDefinition | dg.AssetSpec


def describe_assets(
    assets: Sequence[_Asset], manifest: Mapping[str, Any], lineage: Lineage, docs_url: str
) -> list[_Asset]:
    """The assets with what is known of their columns, and a link to the page about each.

    Args:
        assets: All assets.
        manifest: The dbt manifest, which declares the columns of silver and gold.
        lineage: What columns are made of; empty where it has not been made.
        docs_url: Address of the documentation site; no links when empty.
    """
    tables = {
        (node["schema"], node["name"]): node
        for nodes in (manifest["sources"], manifest["nodes"])
        for node in nodes.values()
        if node["resource_type"] in ("source", "model", "snapshot") and node["columns"]
    }
    of_table: dict[tuple[str, str], dict[str, Sequence[ColumnKey]]] = {}
    for key, parents in lineage.items():
        if parents:
            of_table.setdefault((key.schema, key.table), {})[key.column] = parents

    def described(spec: dg.AssetSpec) -> dg.AssetSpec:
        layer, table = spec.key.path
        path = (layer, table)
        metadata: dict[str, Any] = {}
        if path in tables:
            metadata["dagster/column_schema"] = _schema(path, tables[path], lineage)
        if path in of_table:
            metadata["dagster/column_lineage"] = _lineage(of_table[path])
        if docs_url:
            metadata["documentation"] = dg.MetadataValue.url(f"{docs_url}/{page_about(path)}")
        return spec.merge_attributes(metadata=metadata) if metadata else spec

    return list(dg.map_asset_specs(described, assets))


def _schema(path: tuple[str, str], node: Mapping[str, Any], lineage: Lineage) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column["name"],
                type=column["data_type"] or "",
                description=_described(ColumnKey(*path, column["name"]), column, lineage),
                tags={PII_TAG: ""} if column["config"]["meta"].get("pii") else {},
            )
            for column in node["columns"].values()
        ]
    )


def _described(key: ColumnKey, column: Mapping[str, Any], lineage: Lineage) -> str:
    said = str(column["description"]).strip()
    names = [f"`{origin.sql}`" for origin in origins(lineage, key) if origin != key]
    if not names:
        return said
    more = len(names) - _MOST_SOURCES
    told = ", ".join(names[:_MOST_SOURCES]) + (f" and {more} more" if more > 0 else "")
    return f"{said}\n\nMade of {told}."


def _lineage(parents: Mapping[str, Sequence[ColumnKey]]) -> dg.TableColumnLineage:
    return dg.TableColumnLineage(
        deps_by_column={
            column: [
                dg.TableColumnDep(asset_key=dg.AssetKey([k.schema, k.table]), column_name=k.column)
                for k in keys
            ]
            for column, keys in parents.items()
        }
    )
