"""Loading landing days of one entity from bronze into silver, quarantine and the outranked records.

The one algorithm for first loads, increments, late days and repeated days. It costs what the loaded
days hold plus, of older days, only the records whose keys come up again. No dagster here: the asset
around it is in `assets.silver`.

Why a crash loses nothing: every table is replaced in one commit each, silver last. Until silver is
written, the loaded days count as not loaded (`ops/loads`), and loading them again starts from the
same records, because what is known about a key is taken from silver, outranked and quarantine
together.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from customer360 import keys
from customer360.resources.session import Engine, in_days
from customer360.sources.spec import EntitySpec, SourceSpec
from customer360.transforms import contract

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


@dataclass(frozen=True)
class SilverTables:
    """The tables of one entity."""

    bronze: keys.TableKey
    silver: keys.TableKey
    quarantine: keys.TableKey
    outranked: keys.TableKey
    children: tuple[keys.TableKey, ...]


@dataclass(frozen=True)
class Loaded:
    """What a load did.

    Attributes:
        scope: The landing days whose records' statuses may have changed: the loaded days and the
            days of older records of the same keys.
        amounts: Readable money of each loaded day's records, summed before any of them was judged;
            0 for entities without money.
    """

    scope: list[date]
    amounts: dict[date, Decimal]


def tables_of(source: SourceSpec, entity: EntitySpec) -> SilverTables:
    """Keys of the tables of an entity."""
    name = source.table(entity.name)
    return SilverTables(
        bronze=keys.bronze(name),
        silver=keys.silver(name),
        quarantine=keys.quarantine(name),
        outranked=keys.outranked(name),
        children=tuple(keys.silver(source.table(c.name)) for c in entity.children),
    )


def declared_tables(
    source: SourceSpec, entity: EntitySpec
) -> Iterator[tuple[keys.TableKey, contract.Columns]]:
    """The tables that a load writes, with their columns, in the order of writing."""
    tables = tables_of(source, entity)
    yield tables.quarantine, contract.QUARANTINE_COLUMNS
    yield tables.outranked, contract.OUTRANKED_COLUMNS
    for key, child in zip(tables.children, entity.children, strict=True):
        yield key, contract.child_columns(entity, child)
    yield tables.silver, contract.silver_columns(entity)


def create_tables(engine: Engine, source: SourceSpec, entity: EntitySpec) -> None:
    """Create the entity's tables where they are missing, with the declared types.

    Raises:
        SchemaChangedError: One is there with other columns.
    """
    for key, columns in declared_tables(source, entity):
        engine.create(key, columns, partitioned=entity.partitioned)


def load_days(
    engine: Engine,
    source: SourceSpec,
    entity: EntitySpec,
    days: Sequence[date],
    currency: str,
    *,
    whole: bool = False,
) -> Loaded:
    """Load landing days.

    Args:
        engine: The open engine.
        source: The source.
        entity: The entity.
        days: Landing days that bronze holds; their earlier content is replaced.
        currency: The lake's reporting currency.
        whole: These are all days of the entity: the tables are replaced whole, whatever they hold
            now and whatever columns they have.

    Returns:
        The days touched, and the money that came in.

    Raises:
        SchemaChangedError: A table has other columns than are declared, and the load is not whole.
    """
    if not whole or not days:
        create_tables(engine, source, entity)
    if not days:
        return Loaded([], {})
    scratch = f"{source.table(entity.name)}-{uuid.uuid4()}"
    try:
        return _Load(engine, source, entity, days, currency, scratch, whole=whole).run()
    finally:
        engine.lake.remove_scratch(scratch)


class _Load:
    """One load; its steps share the staged records."""

    def __init__(
        self,
        engine: Engine,
        source: SourceSpec,
        entity: EntitySpec,
        days: Sequence[date],
        currency: str,
        scratch: str,
        *,
        whole: bool,
    ) -> None:
        self.engine, self.entity, self.currency = engine, entity, currency
        self.whole = whole
        self.tables = tables_of(source, entity)
        self.days = sorted(set(days))
        self.scratch = engine.lake.scratch_url(scratch)

    def run(self) -> Loaded:
        from pyspark.sql import functions as F

        from customer360.transforms.versions import CONFLICTING, CURRENT, contested_keys, ranked

        staged = self._keep("staged", self._typed(self._bronze(self.days)))
        amounts = self._amounts(staged)
        pulled = self._pulled(staged)
        records = staged.unionByName(pulled) if pulled is not None else staged
        usable = records.where(F.col(contract.FAILURE).isNull())
        contested = contested_keys(usable)
        if pulled is not None:
            contested = contested.unionByName(pulled.select(contract.KEY)).distinct()
        contested = self._keep("contested", contested)
        resolved = self._keep(
            "resolved", ranked(usable.join(contested, contract.KEY, "left_semi"), self.entity)
        )
        status = F.col(contract.STATUS)
        winners = (
            usable.join(contested, contract.KEY, "left_anti")
            .withColumn(contract.STATUS, F.lit(CURRENT))
            .unionByName(resolved.where(status == CURRENT))
        )
        outranked = resolved.where(~status.isin(CURRENT, CONFLICTING))
        conflicts = resolved.where(status == CONFLICTING)
        failed = records.where(F.col(contract.FAILURE).isNotNull())
        quarantined = _quarantined(failed)
        if self.entity.immutable and not conflicts.limit(1).isEmpty():
            quarantined = quarantined.unionByName(self._conflicting(conflicts))
        scope = self._scope(pulled)
        self._write(scope, winners, _outranked(outranked), quarantined, pulled)
        return Loaded(scope, amounts)

    def _amounts(self, staged: DataFrame) -> dict[date, Decimal]:
        """Readable money by loaded day."""
        from pyspark.sql import functions as F

        amounts = dict.fromkeys(self.days, Decimal(0))
        if self.entity.amount is not None:
            sums = staged.groupBy("landed_on").agg(F.sum(contract.AMOUNT).alias("amount"))
            amounts |= {row[0]: row[1] or Decimal(0) for row in sums.collect()}
        return amounts

    def _bronze(self, days: Sequence[date]) -> DataFrame:
        return self.engine.table(self.tables.bronze).where(in_days(days))

    def _typed(self, bronze: DataFrame) -> DataFrame:
        from customer360.transforms.typing import typed

        return typed(bronze, self.entity, self.currency)

    def _keep(self, name: str, rows: DataFrame) -> DataFrame:
        """Write rows to scratch, so that later steps read instead of computing them again."""
        url = f"{self.scratch}/{name}"
        rows.write.mode("overwrite").parquet(url)
        return self.engine.session.read.schema(rows.schema).parquet(url)

    def _pulled(self, staged: DataFrame) -> DataFrame | None:
        """Other landing days' records whose keys the loaded days touch; None if there are none."""
        from pyspark.sql import functions as F

        standing = self._standing()
        if standing is None:
            return None
        outside = standing.where(f"not {in_days(self.days)}")
        inside = standing.where(in_days(self.days))
        touched = staged.select(contract.KEY).unionByName(inside.select(contract.KEY)).distinct()
        origins = self._keep("origins", outside.join(touched, contract.KEY, "left_semi"))
        days = [row[0] for row in origins.select("landed_on").distinct().collect()]
        if not days:
            return None
        place = origins.select(
            "landed_on", "source_file", F.col(contract.RECORD_LINE).alias("line_number")
        ).distinct()
        wanted = self._bronze(days).join(
            place, ["landed_on", "source_file", "line_number"], "left_semi"
        )
        return self._keep("pulled", self._typed(wanted))

    def _standing(self) -> DataFrame | None:
        """Key and origin of every usable record that stays known; None when there are none."""
        from pyspark.sql import functions as F

        from customer360.transforms.typing import record_key
        from customer360.transforms.versions import CONFLICTING

        lake, tables = self.engine.lake, self.tables
        if self.whole:
            return None
        if not any(lake.row_count(k) for k in (tables.silver, tables.outranked, tables.quarantine)):
            return None
        origin = contract.names(contract.ORIGIN)
        known = F.col("record_key").alias(contract.KEY)
        current = self.engine.table(tables.silver).select(
            record_key(self.entity).alias(contract.KEY), *origin
        )
        outranked = self.engine.table(tables.outranked).select(known, *origin)
        conflicts = self.engine.table(tables.quarantine).where(F.col("rule") == CONFLICTING)
        return current.unionByName(outranked).unionByName(conflicts.select(known, *origin))

    def _conflicting(self, rows: DataFrame) -> DataFrame:
        """Records that differ from the one that landed first, as quarantine rows.

        Their column is the key, their text comes from bronze.
        """
        from pyspark.sql import functions as F

        from customer360.transforms.versions import CONFLICTING

        days = [row[0] for row in rows.select("landed_on").distinct().collect()]
        texts = self._bronze(days).select(
            "landed_on",
            "source_file",
            F.col("line_number").alias(contract.RECORD_LINE),
            F.col("record").alias(contract.RECORD),
        )
        found = rows.drop(contract.RECORD).join(texts, contract.names(contract.ORIGIN), "inner")
        reason = F.lit(f"{CONFLICTING}:{','.join(self.entity.key)}")
        return _quarantined(
            found.withColumn(contract.FAILURE, reason).withColumn(
                contract.FAILED_VALUE, F.col(contract.KEY)
            )
        )

    def _scope(self, pulled: DataFrame | None) -> list[date]:
        """Days whose rows are written again."""
        if pulled is None:
            return self.days
        others = {row[0] for row in pulled.select("landed_on").distinct().collect()}
        return sorted(others | set(self.days))

    def _write(
        self,
        scope: list[date],
        winners: DataFrame,
        outranked: DataFrame,
        quarantined: DataFrame,
        pulled: DataFrame | None,
    ) -> None:
        """Replace the scope's rows: the new ones, and the old ones of keys not touched."""
        from pyspark.sql import functions as F

        from customer360.transforms.lists import typed_child
        from customer360.transforms.typing import record_key
        from customer360.transforms.versions import CONFLICTING

        tables, known = self.tables, F.col("record_key")
        conflict_key = F.when(F.col("rule") == CONFLICTING, known)
        columns = contract.QUARANTINE_COLUMNS
        self._replace(tables.quarantine, columns, quarantined, scope, pulled, key=conflict_key)
        columns = contract.OUTRANKED_COLUMNS
        self._replace(tables.outranked, columns, outranked, scope, pulled, key=known)
        parent_key = record_key(self.entity)
        for key, child in zip(tables.children, self.entity.children, strict=True):
            columns = contract.child_columns(self.entity, child)
            rows = typed_child(winners, self.entity, child)
            self._replace(key, columns, rows, scope, pulled, key=parent_key)
        columns = contract.silver_columns(self.entity)
        self._replace(tables.silver, columns, winners, scope, pulled, key=parent_key)

    def _replace(
        self,
        table: keys.TableKey,
        columns: contract.Columns,
        rows: DataFrame,
        scope: list[date],
        pulled: DataFrame | None,
        *,
        key: Column,
    ) -> None:
        """Write one table: new rows, and those of the scope's other days with keys not touched."""
        from pyspark.sql import functions as F

        selected = rows.select(*(F.col(name).cast(kind).alias(name) for name, kind in columns))
        by_day = self.entity.partitioned
        kept = None if self.whole else self._kept(table, scope, pulled, key)
        if kept is not None:
            selected = selected.unionByName(kept.select(*contract.names(columns)))
        if by_day and not self.whole:
            self.engine.replace_days(table, selected, scope)
        else:
            self.engine.overwrite(table, columns, selected, partitioned=by_day)

    def _kept(
        self, table: keys.TableKey, scope: list[date], pulled: DataFrame | None, key: Column
    ) -> DataFrame | None:
        """Rows of the table that the replacement would lose: other days, keys not touched."""
        others = [day for day in scope if day not in set(self.days)]
        if self.engine.lake.row_count(table) == 0 or (self.entity.partitioned and not others):
            return None
        where = in_days(others) if self.entity.partitioned else f"not {in_days(self.days)}"
        rows = self.engine.table(table).where(where).withColumn(contract.KEY, key)
        if pulled is None:
            return rows
        return rows.join(pulled.select(contract.KEY).distinct(), contract.KEY, "left_anti")


def _quarantined(rows: DataFrame) -> DataFrame:
    """Typed rows with a failure as quarantine rows."""
    from pyspark.sql import functions as F

    column = F.substring_index(contract.FAILURE, ":", -1)
    return rows.select(
        F.col(contract.KEY).alias("record_key"),
        F.substring_index(contract.FAILURE, ":", 1).alias("rule"),
        F.when(column != "", column).alias("column_name"),
        F.col(contract.FAILED_VALUE).alias("value"),
        F.col(contract.AMOUNT).alias("amount"),
        F.col(contract.RECORD).alias("record"),
        *contract.names(contract.ORIGIN),
    )


def _outranked(rows: DataFrame) -> DataFrame:
    """Resolved rows as outranked rows."""
    from pyspark.sql import functions as F

    return rows.select(
        F.col(contract.KEY).alias("record_key"),
        F.col(contract.STATUS).alias("status"),
        F.col(contract.AMOUNT).alias("amount"),
        *contract.names(contract.ORIGIN),
    )
