"""Loading landing days of one entity from bronze into silver, quarantine and the outranked records.

The one algorithm for first loads, increments, late days and repeated days. It costs what the loaded
days hold plus, of other days, only the records whose keys come up again and those that a repair
takes out of quarantine or lets fall back. No dagster here: the asset around it is in
`assets.silver`.

Why a crash loses nothing: every table is replaced in one commit each. Until all are written, the
loaded days count as not loaded (`ops/loads`), and loading them again starts from the same records:
what is known about a key is taken from silver, outranked and quarantine together, and what landed
since can only move a record from silver to the other two, or from quarantine to the outranked, so
these are written in the opposite order and no record is in none of them. The originals of repairs
move both ways; they are found through the record of the repair and its link, which is written last.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from customer360 import keys
from customer360.assets.repair_links import RepairLinks, parted
from customer360.assets.silver_write import Replacement
from customer360.resources.session import Engine, in_days
from customer360.sources.spec import EntitySpec, SourceSpec
from customer360.transforms import contract

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True)
class SilverTables:
    """The tables of one entity."""

    bronze: keys.TableKey
    silver: keys.TableKey
    quarantine: keys.TableKey
    outranked: keys.TableKey
    repairs: keys.TableKey
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
        repairs=keys.repairs(name),
        children=tuple(keys.silver(source.table(c.name)) for c in entity.children),
    )


def declared_tables(
    source: SourceSpec, entity: EntitySpec
) -> Iterator[tuple[keys.TableKey, contract.Columns]]:
    """The tables that a load writes, with their columns, in the order of writing."""
    tables = tables_of(source, entity)
    yield tables.outranked, contract.OUTRANKED_COLUMNS
    yield tables.quarantine, contract.QUARANTINE_COLUMNS
    for key, child in zip(tables.children, entity.children, strict=True):
        yield key, contract.child_columns(entity, child)
    yield tables.silver, contract.silver_columns(entity)
    yield tables.repairs, contract.REPAIR_COLUMNS


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


@dataclass(frozen=True)
class _Pulled:
    """Records of other landing days that a load decides again.

    Attributes:
        rows: The typed records.
        places: Key (null where only the record itself is meant) and origin of each of them, as the
            tables know it.
    """

    rows: DataFrame
    places: DataFrame


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

        from customer360.transforms import verdicts
        from customer360.transforms.versions import CONFLICTING, CURRENT, SUPERSEDED

        staged = self._keep("staged", self._typed(self._bronze(self.days)))
        amounts, repairs = self._summed(staged)
        links = self._links(repairs)
        pulled = self._pulled(staged, links)
        records = staged.unionByName(pulled.rows) if pulled is not None else staged
        winners, resolved = self._ranked(records, pulled)
        status = F.col(contract.STATUS)
        outranked = verdicts.outranked(resolved.where(~status.isin(CURRENT, CONFLICTING)))
        conflicts = resolved.where(status == CONFLICTING)
        quarantined = verdicts.quarantined(records.where(F.col(contract.FAILURE).isNotNull()))
        if self.entity.immutable and not conflicts.limit(1).isEmpty():
            quarantined = quarantined.unionByName(self._conflicting(conflicts))
        places = pulled.places if pulled is not None else None
        judged = None
        if links is not None:
            standing = winners.unionByName(resolved.where(status == SUPERSEDED))
            judged = links.judged(records, standing)
            quarantined, repaired = parted(quarantined, links.settled(judged, places))
            outranked = outranked.unionByName(repaired)
        scope = self._scope(pulled)
        replacement = Replacement(
            self.engine, self.entity, self.tables, self.days, scope, places, self.whole
        )
        replacement.write(outranked, quarantined, winners, judged)
        return Loaded(scope, amounts)

    def _ranked(self, records: DataFrame, pulled: _Pulled | None) -> tuple[DataFrame, DataFrame]:
        """The current records, and all records of the keys that several carry, with status."""
        from pyspark.sql import functions as F

        from customer360.transforms.versions import CURRENT, contested_keys, ranked

        usable = records.where(F.col(contract.FAILURE).isNull())
        contested = contested_keys(usable)
        if pulled is not None:
            contested = contested.unionByName(pulled.rows.select(contract.KEY)).distinct()
        contested = self._keep("contested", contested)
        resolved = self._keep(
            "resolved", ranked(usable.join(contested, contract.KEY, "left_semi"), self.entity)
        )
        alone = usable.join(contested, contract.KEY, "left_anti")
        winners = alone.withColumn(contract.STATUS, F.lit(CURRENT)).unionByName(
            resolved.where(F.col(contract.STATUS) == CURRENT)
        )
        return winners, resolved

    def _summed(self, staged: DataFrame) -> tuple[dict[date, Decimal], int]:
        """Readable money by loaded day, and how many records say that they repair others."""
        from pyspark.sql import functions as F

        amounts = dict.fromkeys(self.days, Decimal(0))
        sums = staged.groupBy("landed_on").agg(
            F.sum(contract.AMOUNT).alias("amount"), F.count(contract.REPAIRS).alias("repairs")
        )
        rows = sums.collect()
        amounts |= {row["landed_on"]: row["amount"] or Decimal(0) for row in rows}
        return amounts, sum(row["repairs"] for row in rows)

    def _links(self, repairs: int) -> RepairLinks | None:
        """The links of repairs; None when nothing repairs anything, as in most loads."""
        if self.whole:
            columns = ", ".join(f"{name} {kind}" for name, kind in contract.REPAIR_COLUMNS)
            stored = self.engine.session.createDataFrame([], columns)
        elif repairs or self.engine.lake.row_count(self.tables.repairs):
            stored = self.engine.table(self.tables.repairs)
        else:
            return None
        return RepairLinks(stored, self.days, self._keep)

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

    def _pulled(self, staged: DataFrame, links: RepairLinks | None) -> _Pulled | None:
        """Records of other days whose status the loaded days may change; None if there are none.

        These are the records with their keys, and the originals of repairs that are among those or
        in the loaded days. An original that conflicts is ranked again with all records of its key.
        """
        from pyspark.sql import functions as F

        standing = self._standing()
        places = None
        if standing is not None:
            outside = standing.where(f"not {in_days(self.days)}")
            inside = standing.where(in_days(self.days))
            touched = staged.select(contract.KEY).unionByName(inside.select(contract.KEY))
            places = outside.join(touched.distinct(), contract.KEY, "left_semi")
            places = self._keep("origins", places)
        if links is not None:
            originals = self._originals(links.originals_elsewhere(staged, places))
            if originals is not None:
                if standing is not None:
                    more = outside.join(originals, contract.KEY, "left_semi")
                    originals = originals.unionByName(more)
                both = originals if places is None else places.unionByName(originals)
                places = self._keep("places", both.distinct())
        if places is None:
            return None
        days = [row[0] for row in places.select("landed_on").distinct().collect()]
        if not days:
            return None
        wanted = places.select(
            "landed_on", "source_file", F.col(contract.RECORD_LINE).alias("line_number")
        ).distinct()
        rows = self._bronze(days).join(wanted, wanted.columns, "left_semi")
        return _Pulled(self._keep("pulled", self._typed(rows)), places)

    def _originals(self, named: DataFrame) -> DataFrame | None:
        """Key (null unless the record is usable) and origin of the originals that are records."""
        from pyspark.sql import functions as F

        days = [row[0] for row in named.select("landed_on").distinct().collect()]
        if not days:
            return None
        place = named.withColumnRenamed(contract.RECORD_LINE, "line_number")
        rows = self._typed(self._bronze(days).join(place, place.columns, "left_semi"))
        key = F.when(F.col(contract.FAILURE).isNull(), F.col(contract.KEY)).alias(contract.KEY)
        return self._keep("originals", rows.select(key, *contract.names(contract.ORIGIN)))

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

        from customer360.transforms.verdicts import quarantined
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
        return quarantined(
            found.withColumn(contract.FAILURE, reason).withColumn(
                contract.FAILED_VALUE, F.col(contract.KEY)
            )
        )

    def _scope(self, pulled: _Pulled | None) -> list[date]:
        """Days whose rows are written again."""
        if pulled is None:
            return self.days
        others = {row[0] for row in pulled.rows.select("landed_on").distinct().collect()}
        return sorted(others | set(self.days))
