"""Writing what a load decided: each table in one commit, in an order that loses nothing.

What is written, and why this order, is in `assets.silver_load`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from customer360.resources.session import Engine, in_days
from customer360.transforms import contract

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from customer360 import keys
    from customer360.assets.silver_load import SilverTables
    from customer360.sources.spec import EntitySpec


@dataclass(frozen=True)
class Replacement:
    """Which rows of an entity's tables a load replaces.

    Attributes:
        engine: The open engine.
        entity: The declaration.
        tables: Its tables.
        days: The loaded landing days: all their rows are replaced.
        scope: These and the other days of which some rows are replaced.
        places: Key (null where only the record itself is meant) and origin of the records of other
            days that were decided again; None if there are none.
        whole: The tables are replaced whole, their columns too.
    """

    engine: Engine
    entity: EntitySpec
    tables: SilverTables
    days: Sequence[date]
    scope: Sequence[date]
    places: DataFrame | None
    whole: bool

    def write(
        self,
        outranked: DataFrame,
        quarantined: DataFrame,
        winners: DataFrame,
        links: DataFrame | None,
    ) -> None:
        """Write all tables.

        Args:
            outranked: Rows of the outranked.
            quarantined: Rows of quarantine.
            winners: Typed rows that are current.
            links: Rows of the links of repairs; None when there never were any.
        """
        from customer360.transforms.lists import typed_child
        from customer360.transforms.typing import record_key

        # Only current rows are one per key; a record that cannot be used may carry anybody's key.
        self._replace(self.tables.outranked, contract.OUTRANKED_COLUMNS, outranked)
        self._replace(self.tables.quarantine, contract.QUARANTINE_COLUMNS, quarantined)
        key = record_key(self.entity)
        for table, child in zip(self.tables.children, self.entity.children, strict=True):
            rows = typed_child(winners, self.entity, child)
            self._replace(table, contract.child_columns(self.entity, child), rows, key=key)
        self._replace(self.tables.silver, contract.silver_columns(self.entity), winners, key=key)
        if links is not None:
            self._replace(self.tables.repairs, contract.REPAIR_COLUMNS, links)

    def _replace(
        self,
        table: keys.TableKey,
        columns: contract.Columns,
        rows: DataFrame,
        *,
        key: Column | None = None,
    ) -> None:
        """Write one table: new rows, and those of the scope's other days not decided again."""
        from pyspark.sql import functions as F

        selected = rows.select(*(F.col(name).cast(kind).alias(name) for name, kind in columns))
        by_day = self.entity.partitioned
        kept = None if self.whole else self._kept(table, key)
        if kept is not None:
            selected = selected.unionByName(kept.select(*contract.names(columns)))
        if by_day and not self.whole:
            self.engine.replace_days(table, selected, self.scope)
        else:
            self.engine.overwrite(table, columns, selected, partitioned=by_day)

    def _kept(self, table: keys.TableKey, key: Column | None) -> DataFrame | None:
        """Rows that the replacement would lose: of other days, with other keys or origins."""
        others = [day for day in self.scope if day not in set(self.days)]
        if self.engine.lake.row_count(table) == 0 or (self.entity.partitioned and not others):
            return None
        where = in_days(others) if self.entity.partitioned else f"not {in_days(self.days)}"
        rows = self.engine.table(table).where(where)
        if self.places is None:
            return rows
        if key is None:
            origin = contract.names(contract.ORIGIN)
            return rows.join(self.places.select(*origin), origin, "left_anti")
        keyed = rows.withColumn(contract.KEY, key)
        return keyed.join(self.places.select(contract.KEY).distinct(), contract.KEY, "left_anti")
