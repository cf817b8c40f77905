"""The records that matching compares: one row per account, contact, profile and guest.

A guest is an order without an account, under an address that no personal record carries; the newest
such order describes the guest. Which pairs are compared is in `candidates`, how in
`comparisons`.
"""

from __future__ import annotations

from functools import reduce
from typing import Final

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from customer360.identity import normalise, rules
from customer360.identity.contract import MATCH_RECORD_COLUMNS

NODE: Final = "node"
PERSONAL: Final = tuple(c.entity for c in rules.CARRIERS if c.is_personal)
_RECORD: Final = ["entity", "record_key"]
_CONTACT_POINTS: Final = ("email", "phone", "loyalty_card")
_SPELLED: Final = ("first_name", "last_name", "street", "city")


def node(identifier_type: str, value: Column) -> Column:
    """The identifier as one text, as `contact_id:K1`."""
    return F.concat(F.lit(f"{identifier_type}:"), value)


def representatives(identifiers: DataFrame, records: DataFrame) -> DataFrame:
    """The record that describes each node, with what it says.

    Args:
        identifiers: Rows of `customer_identifiers`.
        records: Rows of `golden.described`.

    Returns:
        One row per node: node, the columns of `records`, and `email`, `phone`, `loyalty_card`
        where they link.
    """
    linking = identifiers.where(F.col("is_linking") & F.col("entity").isin(*PERSONAL, rules.ORDERS))
    kinds = (*_CONTACT_POINTS, *rules.OWN_ID.values())
    told = linking.groupBy(*_RECORD).agg(
        *(
            F.max(F.when(F.col("identifier_type") == k, F.col("identifier_value"))).alias(k)
            for k in kinds
        )
    )
    own = F.coalesce(
        *(F.when(F.col("entity") == e, node(kind, F.col(kind))) for e, kind in rules.OWN_ID.items())
    )
    is_guest = (F.col("entity") == rules.ORDERS) & F.col("account_id").isNull()
    guest = F.when(is_guest, node("email", F.col("email")))
    known = linking.where(
        F.col("entity").isin(*PERSONAL) & (F.col("identifier_type") == "email")
    ).select(node("email", F.col("identifier_value")).alias(NODE))
    nodes = (
        told.withColumn(NODE, F.coalesce(own, guest))
        .where(F.col(NODE).isNotNull())
        .join(known.distinct(), NODE, "left_anti")
        .select(NODE, *_RECORD, *_CONTACT_POINTS)
    )
    newest = Window.partitionBy(NODE).orderBy(
        F.col("is_deleted"), F.col("clock").desc(), F.col("entity"), F.col("record_key")
    )
    found = nodes.join(records, _RECORD).withColumn("_place", F.row_number().over(newest))
    return found.where(F.col("_place") == 1).drop("_place")


def texts(found: DataFrame) -> DataFrame:
    """What has to be spelled: the names and places of `representatives`, one per row in `text`."""
    parts = (found.select(F.col(name).alias("text")) for name in _SPELLED)
    return reduce(DataFrame.unionByName, parts)


def match_records(found: DataFrame, spellings: DataFrame) -> DataFrame:
    """Bring what is compared into one spelling.

    Args:
        found: Rows of `representatives`.
        spellings: Rows of `spellings.read_spellings`.

    Returns:
        One row per node: the columns of `match_records`.
    """
    rows = found
    for name in _SPELLED:
        spelling = spellings.select(
            F.col("text").alias(name),
            F.col("spelling").alias(f"spelled_{name}"),
            F.col("letters").alias(f"letters_{name}"),
            F.col("script").alias(f"script_{name}"),
        )
        rows = rows.join(spelling, name, "left")
    is_han = (F.col("script_first_name") == "han") | (F.col("script_last_name") == "han")
    # The commonest word of addresses, written out or not.
    street = F.replace(
        F.replace(F.col("spelled_street"), F.lit("strasse"), F.lit("str")),
        F.lit(" street"),
        F.lit(" st"),
    )
    values = {
        "first_name": F.col("spelled_first_name"),
        "last_name": F.col("spelled_last_name"),
        "first_letters": F.col("letters_first_name"),
        "last_letters": F.col("letters_last_name"),
        "script": F.when(F.coalesce(is_han, F.lit(False)), F.lit("han")).otherwise("other"),
        "street": street,
        "postal_code": normalise.postal_code(F.col("postal_code")),
        "city": F.col("spelled_city"),
        "email_local": F.substring_index("email", "@", 1),
    }
    columns = [
        values.get(c.name, F.col(c.name)).cast(c.kind).alias(c.name) for c in MATCH_RECORD_COLUMNS
    ]
    return rows.select(*columns)
