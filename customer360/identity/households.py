"""Who lives together: customers with a home or a contact point in common.

DataFrame code for what is in common, Arrow and numpy for the closure. A family and a flat share are
alike households. Homes of the past count: who has moved is told by the orders sent there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from customer360.identity import normalise, rules
from customer360.identity.lasting_ids import CLUSTER, IS_CURRENT, MEMBER, hashed_id, issue_ids
from customer360.identity.match_records import PERSONAL
from customer360.identity.people import closure, in_order, places

if TYPE_CHECKING:
    import pyarrow as pa

COMMON: Final = "common"
CUSTOMER: Final = "customer_id"
_RECORD: Final = ["entity", "record_key"]
_SHARED_TYPES: Final = ("email", "phone", "loyalty_card")


def household_id(customer_id: str, attempt: int = 0) -> str:
    """A new household's id.

    Args:
        customer_id: Its first customer, by id.
        attempt: How many ids of this customer belong to others by now.
    """
    return hashed_id("H", customer_id, attempt)


def in_common(links: DataFrame, identifiers: DataFrame, records: DataFrame) -> DataFrame:
    """What customers may have in common.

    A home of more customers than `rules.HOME_LIMIT` is a house without numbers on its flats: there
    only those of one family name live together.

    Args:
        links: Rows of `customer_links`.
        identifiers: Rows of `customer_identifiers`.
        records: Rows of `golden.described`.

    Returns:
        One row per customer and thing that another customer has, too: customer_id, `common`.
    """
    owned = links.select(*_RECORD, CUSTOMER)
    street = F.replace(_plain("street"), F.lit("straße"), F.lit("strasse"))
    street = F.replace(street, F.lit("strasse"), F.lit("str"))
    home = F.concat(street, F.lit("|"), normalise.postal_code(F.col("postal_code")))
    lived = (
        records.select(*_RECORD, home.alias("home"), _plain("last_name").alias("family"))
        .where(F.col("home").isNotNull())
        .join(owned, _RECORD)
        .select(CUSTOMER, "home", "family")
        .distinct()
    )
    crowds = (
        lived.select("home", CUSTOMER)
        .distinct()
        .groupBy("home")
        .agg(F.count(F.lit(1)).alias("size"))
        .where(F.col("size") > 1)
    )
    homes = lived.join(crowds, "home").select(
        CUSTOMER,
        F.when(F.col("size") <= rules.HOME_LIMIT, F.concat(F.lit("home:"), "home"))
        .otherwise(F.concat(F.lit("family:"), "home", F.lit("|"), "family"))
        .alias(COMMON),
    )
    contacts = (
        identifiers.where(
            F.col("is_linking")
            & F.col("entity").isin(*PERSONAL)
            & F.col("identifier_type").isin(*_SHARED_TYPES)
        )
        .join(owned, _RECORD)
        .select(
            CUSTOMER,
            F.concat("identifier_type", F.lit(":"), "identifier_value").alias(COMMON),
        )
    )
    found = homes.unionByName(contacts).where(F.col(COMMON).isNotNull()).distinct()
    shared = found.groupBy(COMMON).agg(F.count(F.lit(1)).alias("size")).where(F.col("size") > 1)
    return found.join(shared.select(COMMON), COMMON).select(CUSTOMER, COMMON)


def find_households(
    customers: pa.Array, common: pa.Table, before: pa.Table
) -> tuple[pa.Table, pa.Table]:
    """Put customers with something in common into households, which keep their ids.

    Args:
        customers: Distinct customer ids.
        common: Rows of `in_common`.
        before: What household ids stood for, as `lasting_ids` takes it.

    Returns:
        One row per customer: customer_id, household_id, `member_count`. And what household ids
        stand for: the columns of `household_members`.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    ordered = in_order(customers)
    who = places(common.column(CUSTOMER), ordered, "customer_links")
    what = pc.index_in(common.column(COMMON), value_set=pc.unique(common.column(COMMON)))
    things = what.to_numpy().astype(np.int64)
    # Whoever comes first has the thing; the others are tied to them.
    _, place, inverse = np.unique(things, return_index=True, return_inverse=True)
    labels = closure(len(ordered), who[place][inverse], who)
    _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    found = pa.table({MEMBER: ordered, CLUSTER: pa.array(inverse, pa.int64())})
    issued = issue_ids(found, before, household_id)
    rows = {
        CUSTOMER: ordered,
        "household_id": issued.ids.take(pa.array(inverse)),
        "member_count": pa.array(counts[inverse], pa.int64()),
    }
    return pa.table(rows), issued.members.rename_columns([CUSTOMER, "household_id", IS_CURRENT])


def _plain(name: str) -> Column:
    """Lower case, without blanks, dots, commas, dashes and bars; null where nothing is left."""
    text = F.regexp_replace(F.lower(F.col(name)), "[ .,'/|-]", "")
    return F.when(text != "", text)
