"""The links of repairs during one load: which originals to look at again, which leave quarantine.

The load around it is `assets.silver_load`; what a link means is in `transforms.repairs`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from customer360.resources.session import in_days
from customer360.transforms import contract

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    Keep = Callable[[str, DataFrame], DataFrame]


@dataclass(frozen=True)
class RepairLinks:
    """The links that are known of an entity, while some of its landing days are loaded.

    Attributes:
        stored: The table of links, as the loads before left it.
        days: The landing days that are loaded.
        keep: Writes rows to scratch under a name and gives them back to read.
    """

    stored: DataFrame
    days: Sequence[date]
    keep: Keep

    def originals_elsewhere(self, staged: DataFrame, origins: DataFrame | None) -> DataFrame:
        """Originals outside the loaded days whose repairs the load may change.

        Args:
            staged: The typed records of the loaded days.
            origins: Origin of the other records whose keys the loaded days touch.

        Returns:
            `source_file`, `record_line`, `landed_on` of each, whether or not it is a record.
        """
        from pyspark.sql import functions as F

        from customer360.transforms.repairs import links

        parts = ["original_file", "original_line", "original_landed_on"]
        # What the loaded days named before counts, too: a repair that is gone lets its original
        # fall back.
        named = links(staged).select(*parts)
        named = named.unionByName(self.stored.where(in_days(self.days)).select(*parts))
        if origins is not None:
            touched = self.stored.join(origins, contract.names(contract.ORIGIN), "left_semi")
            named = named.unionByName(touched.select(*parts))
        places = named.select(
            F.col("original_file").alias("source_file"),
            F.col("original_line").alias(contract.RECORD_LINE),
            F.col("original_landed_on").alias("landed_on"),
        )
        return self.keep("named", places.distinct()).where(f"not {in_days(self.days)}")

    def judged(self, records: DataFrame, standing: DataFrame) -> DataFrame:
        """The links of the records at hand, judged by what became of their repairs.

        Args:
            records: All typed records of the load, of whichever day.
            standing: Those of them that are current or superseded.
        """
        from customer360.transforms.repairs import judged, links

        return self.keep("links", judged(links(records), standing))

    def settled(self, judged: DataFrame, places: DataFrame | None) -> DataFrame:
        """Originals that a usable repair stands for: `source_file`, `record_line`.

        Args:
            judged: The links of the records at hand.
            places: Origin of those of them that are from other days; what is stored of the days
                loaded and of these records is past.
        """
        from customer360.transforms.repairs import originals

        others = self.stored.where(f"not {in_days(self.days)}")
        if places is not None:
            origin = contract.names(contract.ORIGIN)
            others = others.join(places.select(*origin), origin, "left_anti")
        usable = judged.unionByName(others).where("is_usable")
        return self.keep("settled", originals(usable))


def parted(quarantined: DataFrame, settled: DataFrame) -> tuple[DataFrame, DataFrame]:
    """Rows of quarantine that stay, and rows of the outranked of those that were repaired."""
    from customer360.transforms.verdicts import repaired

    place = ["source_file", contract.RECORD_LINE]
    stay = quarantined.join(settled, place, "left_anti")
    return stay, repaired(quarantined.join(settled, place, "left_semi"))
