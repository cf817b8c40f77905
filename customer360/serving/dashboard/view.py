"""What a page is made from: a reader of gold, what was asked for, who asks, what figures mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from customer360.keys import TableKey, gold
from customer360.serving.dashboard.figures import Tile, tile
from customer360.serving.metrics import sql

if TYPE_CHECKING:
    from customer360.resources.reading import Reader
    from customer360.serving.dashboard.viewers import Viewer
    from customer360.serving.metrics import Metric
    from customer360.settings import Settings

Content = dict[str, Any]


def summed(columns: Mapping[str, str]) -> str:
    """SQL of figures that a mart holds in parts: columns to add up, by name of the figure."""
    return ", ".join(f"coalesce(sum({column}), 0) as {name}" for name, column in columns.items())


class Choice(NamedTuple):
    """One value that a filter can have."""

    value: str
    label: str


@dataclass(frozen=True)
class Filter:
    """A filter of a page.

    Attributes:
        name: Name in the page's address.
        label: What it narrows.
        choices: The values it can have; the first is taken where nothing, or something else, was
            asked for.
        chosen: The value that is taken.
    """

    name: str
    label: str
    choices: Sequence[Choice]
    chosen: str


@dataclass(frozen=True)
class View:
    """What a page is made from.

    Attributes:
        reader: Reads gold.
        asked: What the page's address asks for.
        viewer: Who looks.
        settings: The settings.
        metrics: All figures by name.
        definitions: The words in which dbt's docs blocks define things, by name.
    """

    reader: Reader
    asked: Mapping[str, str]
    viewer: Viewer
    settings: Settings
    metrics: Mapping[str, Metric]
    definitions: Mapping[str, str]

    def table(self, name: str) -> str:
        """A gold table in SQL.

        Raises:
            MissingTableError: There is no such table.
        """
        return self.reader.table(gold(name))

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        """Rows of a query of DuckDB."""
        return self.reader.rows(sql, parameters)

    def has(self, key: TableKey) -> bool:
        """Whether the lake has a table.

        Of `ops` the pages read what a run tells of itself when gold is made: dbt cannot know it.
        """
        return self.reader.lake.exists(key)

    def counted(self, names: Sequence[str], table: str) -> dict[str, Any]:
        """Figures by name, counted over all rows of their gold table."""
        figures = ", ".join(f"{sql(self.metrics[name])} as {name}" for name in names)
        (row,) = self.rows(f"select {figures} from {self.table(table)}")
        return row

    def chosen(self, name: str, label: str, choices: Sequence[Choice]) -> Filter:
        """A filter with what was asked for, or its first choice."""
        wanted = self.asked.get(name, "")
        known = any(wanted == choice.value for choice in choices)
        return Filter(name, label, choices, wanted if known else choices[0].value)

    def tiles(
        self, names: Sequence[str], now: Mapping[str, Any], before: Mapping[str, Any] | None = None
    ) -> list[Tile]:
        """Figures of their parts, which are named like the metrics."""
        currency = self.settings.currency
        return [tile(self.metrics[name], now, before, currency) for name in names]

    def as_of(self) -> date | None:
        """The newest landing day that gold was built from; None without customers."""
        rows = self.rows(f"select as_of_date from {self.table('customer_360')} limit 1")
        return rows[0]["as_of_date"] if rows else None
