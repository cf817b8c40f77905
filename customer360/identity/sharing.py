"""Values that too many people carry: they link nobody.

Distinct companions of a value are counted, so that neither a person's thousand orders nor the order
of loading matters. Placeholders are known beforehand and judged in `normalise`; what keeps a few
people apart who share a value is in `conflicts`.
"""

from __future__ import annotations

from functools import reduce
from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from customer360.identity import rules
from customer360.identity.identifiers import REASON

# Ids under which a system knows a person; how many of them carry a value is what the limit is for.
_PEOPLE: Final = ("account_id", "contact_id", "social_handle")
# A till's own card, an agent's own phone or account come up beside many cards or addresses although
# few personal records carry them.
_BESIDE: Final = ("loyalty_card", "email")


def combinations(records: DataFrame) -> DataFrame:
    """Distinct combinations of usable identifiers.

    Args:
        records: Rows of `identifiers.normalised`.

    Returns:
        One row per distinct combination: a column per linking type, null where absent or not
        usable.
    """
    usable = [
        F.when(F.col(f"{REASON}{name}").isNull(), F.col(name)).alias(name)
        for name in rules.LINKING_TYPES
    ]
    return records.select(*usable).distinct()


def shared_values(combined: DataFrame, shared_limit: int) -> DataFrame:
    """Values that link nobody because too many people carry them.

    Args:
        combined: Rows of `combinations`.
        shared_limit: Values seen with more accounts, contacts and profiles together than this, or
            with more loyalty cards, or with more addresses, are shared.

    Returns:
        One row per value: identifier_type, identifier_value.
    """
    companions = _companions(combined)
    numbers = companions.groupBy("identifier_type", "identifier_value").agg(
        *(_number_of(name).alias(f"with_{name}") for name in (*_PEOPLE, *_BESIDE))
    )
    people = reduce(lambda a, b: a + b, (F.col(f"with_{name}") for name in _PEOPLE))
    shared = reduce(
        lambda a, b: a | b,
        (F.col(f"with_{name}") > shared_limit for name in _BESIDE),
        people > shared_limit,
    )
    return numbers.where(shared).select("identifier_type", "identifier_value")


def _companions(combined: DataFrame) -> DataFrame:
    """Distinct pairs of a value and what came up beside it, its own type left out."""
    pairs = [
        F.struct(
            F.lit(name).alias("identifier_type"),
            F.col(name).alias("identifier_value"),
            F.lit(beside).alias("beside_type"),
            F.col(beside).alias("beside_value"),
        )
        for name in rules.LINKING_TYPES
        for beside in (*_PEOPLE, *_BESIDE)
        if name != beside
    ]
    fields = ("identifier_type", "identifier_value", "beside_type", "beside_value")
    exploded = combined.select(F.explode(F.array(*pairs)).alias("p"))
    found = exploded.select(*(f"p.{field}" for field in fields))
    there = F.col("identifier_value").isNotNull() & F.col("beside_value").isNotNull()
    return found.where(there).distinct()


def _number_of(beside: str) -> Column:
    return F.sum(F.when(F.col("beside_type") == beside, 1).otherwise(0))
