"""Values that people of plainly different names carry: a family's phone, a spouse's address.

Two records conflict when both given names begin with different letters, the names are not merely
swapped, and no common date of birth says that they are one person all the same. In a simulated
world of 20,000 people 393 of 407 such pairs were two people (the rest Bill and William, Peggy and
Margaret), and 212 of the 9,000 other pairs. Dates of birth are no judge: 281 of 524 pairs with
different ones were one person, mistyped.

Such a value goes on linking what carries no name (orders, receipts, tickets) and the account that
has it, because who logs in with an address owns it; it does not link the other named records. With
no account, or with accounts of several people, it links none of them.
"""

from __future__ import annotations

from typing import Final

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from customer360.identity import rules
from customer360.identity.identifiers import REASON

_VALUE: Final = ["identifier_type", "identifier_value"]
_PERSON: Final = ("initial", "first", "last", "born")


def conflicting_values(records: DataFrame, shared: DataFrame) -> DataFrame:
    """Values that records of plainly different people carry.

    Args:
        records: Rows of `identifiers.normalised`.
        shared: Rows of `sharing.shared_values`; they link nobody anyway and are left out, which
            bounds the pairs that are compared.

    Returns:
        One row per value: identifier_type, identifier_value, `owner_initial` (of the account that
        has it; null when there is none or several disagree).
    """
    carriers = _carriers(records).join(shared, _VALUE, "left_anti")
    left = carriers.select(*_VALUE, *(F.col(c).alias(f"{c}_1") for c in _PERSON))
    right = carriers.select(*_VALUE, *(F.col(c).alias(f"{c}_2") for c in _PERSON))
    pairs = left.join(right, _VALUE).where(F.col("initial_1") < F.col("initial_2"))
    swapped = (F.col("first_1") == F.col("last_2")) | (F.col("last_1") == F.col("first_2"))
    born_alike = F.col("born_1") == F.col("born_2")
    differing = pairs.where(
        ~F.coalesce(swapped, F.lit(False)) & ~F.coalesce(born_alike, F.lit(False))
    )
    owners = (
        carriers.where(F.col("entity") == rules.ACCOUNTS)
        .groupBy(*_VALUE)
        .agg(F.min("initial").alias("owner_initial"), F.max("initial").alias("_other"))
        .where(F.col("owner_initial") == F.col("_other"))
    )
    values = differing.select(*_VALUE).distinct()
    return values.join(owners.drop("_other"), _VALUE, "left")


def _carriers(records: DataFrame) -> DataFrame:
    """Named records with each guarded identifier: distinct entity, value, initial, names, birth."""
    named = records.where(F.col("given_initial").isNotNull())
    each = [
        F.struct(
            F.lit(name).alias("identifier_type"),
            F.when(F.col(f"{REASON}{name}").isNull(), F.col(name)).alias("identifier_value"),
        )
        for name in rules.GUARDED_TYPES
    ]
    exploded = named.select(
        "entity",
        F.col("given_initial").alias("initial"),
        F.lower(F.trim("first_name")).alias("first"),
        F.lower(F.trim("last_name")).alias("last"),
        F.col("date_of_birth").alias("born"),
        F.explode(F.array(*each)).alias("i"),
    )
    rows = exploded.select("entity", "i.identifier_type", "i.identifier_value", *_PERSON)
    return rows.where(F.col("identifier_value").isNotNull()).distinct()
