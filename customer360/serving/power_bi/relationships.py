"""How the tables belong together: from the entities that the dbt semantic models declare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from customer360.errors import PowerBiError
from customer360.keys import GOLD


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


def build_relationships(
    manifest: Mapping[str, Any], tables: Sequence[str], calendar: tuple[str, str]
) -> tuple[Relationship, ...]:
    """From each foreign entity to the table whose primary it is; from each fact to its day.

    A table that others refer to gets no day: its rows would be narrowed twice.

    Args:
        manifest: The parsed `manifest.json`.
        tables: The tables of the model, all of which the manifest has.
        calendar: Table and column of the days (`find_calendar`).

    Returns:
        Relationships, by table and column.
    """
    found = [(t, s) for t, s in _semantic_models(manifest) if t in tables]
    primaries = {
        entity["name"]: (table, entity["expr"] or entity["name"])
        for table, semantic in found
        for entity in semantic["entities"]
        if entity["type"] == "primary"
    }
    made = [
        Relationship(table, entity["expr"] or entity["name"], *primaries[entity["name"]])
        for table, semantic in found
        for entity in semantic["entities"]
        if entity["type"] == "foreign" and entity["name"] in primaries
    ]
    referred = {each.to_table for each in made}
    for table, semantic in found:
        day = (semantic["defaults"] or {}).get("agg_time_dimension")
        if day and table not in referred:
            columns = {d["name"]: d["expr"] or d["name"] for d in semantic["dimensions"]}
            made.append(Relationship(table, columns[day], *calendar))
    return tuple(sorted(made, key=lambda r: (tables.index(r.from_table), r.from_column)))


def _semantic_models(manifest: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Semantic models, each with the table that it is about."""
    return [
        (manifest["nodes"][semantic["depends_on"]["nodes"][0]]["name"], semantic)
        for semantic in manifest["semantic_models"].values()
    ]


def find_calendar(manifest: Mapping[str, Any], tables: Sequence[str]) -> tuple[str, str]:
    """Table and column of the days.

    Args:
        manifest: The parsed `manifest.json`.
        tables: The tables of the model.

    Raises:
        PowerBiError: There is no calendar.
    """
    for node in manifest["nodes"].values():
        spine = node.get("time_spine")
        if spine and node["schema"] == GOLD and node["name"] in tables:
            return node["name"], spine["standard_granularity_column"]
    raise PowerBiError("No table of the Power BI model has a time_spine: figures have no calendar.")
