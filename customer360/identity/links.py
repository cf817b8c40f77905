"""Which customer every source record belongs to, and which identifier decided.

DataFrame code over `customer_identifiers` alone. The closure itself is in `clusters`; what a
customer looks like is in `golden`.
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from customer360.identity import rules
from customer360.identity.clusters import MAKES_CUSTOMER, RECORDS
from customer360.identity.contract import IDENTIFIER_TYPES, LINK_COLUMNS
from customer360.identity.match_records import NODE, PERSONAL

_TYPE, _VALUE = "identifier_type", "identifier_value"
_RECORD = ["entity", "record_key"]


def carried_identifiers(identifiers: DataFrame, records: DataFrame) -> DataFrame:
    """What the records of people carry.

    Args:
        identifiers: Rows of `customer_identifiers`.
        records: Rows of `match_records`.

    Returns:
        One row per personal record and identifier that links: node, identifier_type,
        identifier_value, `is_account`, `is_named` (the address has the person's name in it),
        `makes_customer` (1 or 0).
    """
    linking = identifiers.where(F.col("is_linking") & F.col("entity").isin(*PERSONAL))
    kind, value = F.col(_TYPE), F.col(_VALUE)
    is_own = _any(
        [(F.col("entity") == entity) & (kind == own) for entity, own in rules.OWN_ID.items()]
    )
    own = F.concat(kind, F.lit(":"), value)
    nodes = linking.where(is_own).select(*_RECORD, own.alias(NODE))
    names = records.select(NODE, "first_name")
    local = F.replace(F.substring_index(value, "@", 1), F.lit("."), F.lit(""))
    is_named = (F.length("first_name") > 2) & (F.instr(local, F.col("first_name")) > 0)
    named = (kind == "email") & F.coalesce(is_named, F.lit(False))
    return (
        linking.join(nodes, _RECORD)
        .join(names, NODE, "left")
        .select(
            NODE,
            _TYPE,
            _VALUE,
            (F.col("entity") == rules.ACCOUNTS).alias("is_account"),
            named.alias("is_named"),
            F.when(_any(_makes_customer()), 1).otherwise(0).alias(MAKES_CUSTOMER),
        )
    )


def linked_combinations(identifiers: DataFrame) -> DataFrame:
    """Distinct combinations of linking identifiers found on one record of activity.

    A million receipts of ten thousand cards are ten thousand combinations. Browsers take no part:
    on a family's computer they would make one customer of several.

    Args:
        identifiers: Rows of `customer_identifiers`.

    Returns:
        One row per combination: a column per linking type, `makes_customer` (1 or 0), `records`.
    """
    makes = F.when(_any(_makes_customer()), 1).otherwise(0)
    linking = identifiers.where(
        F.col("is_linking") & ~F.col("entity").isin(*PERSONAL, rules.BROWSERS)
    )
    records = linking.groupBy(*_RECORD).agg(
        *(F.max(F.when(F.col(_TYPE) == t, F.col(_VALUE))).alias(t) for t in rules.LINKING_TYPES),
        F.max(makes).alias(MAKES_CUSTOMER),
    )
    return records.groupBy(*rules.LINKING_TYPES).agg(
        F.max(MAKES_CUSTOMER).alias(MAKES_CUSTOMER), F.count(F.lit(1)).alias(RECORDS)
    )


def _makes_customer() -> list[Column]:
    """Conditions on entity and type under which a record alone is a customer."""
    return [
        F.col(_TYPE).isin(*c.makes_customer) & (F.col("entity") == c.entity)
        for c in rules.CARRIERS
        if c.makes_customer
    ]


def _any(conditions: list[Column]) -> Column:
    return reduce(lambda a, b: a | b, conditions)


def record_links(identifiers: DataFrame, owners: DataFrame) -> DataFrame:
    """Attach every record to the customer of its strongest identifier; first of all its own id.

    Args:
        identifiers: Rows of `customer_identifiers`.
        owners: One row per identifier of a customer: identifier_type, identifier_value,
            customer_id.

    Returns:
        One row per record that belongs to a customer: the columns of `customer_links`.
    """
    linking = identifiers.where(F.col("is_linking"))
    known = linking.join(owners, [_TYPE, _VALUE], "left")
    direct = _strongest(
        known.where((F.col("entity") != rules.BROWSERS) & F.col("customer_id").isNotNull())
    )
    logins = known.where(F.col("entity") == rules.BROWSERS).select(
        F.col("record_key").alias("cookie"),
        # An account that no customer has is somebody else all the same.
        F.coalesce("customer_id", F.concat(F.lit("account "), _VALUE)).alias("person"),
        F.lit("account_id").alias("matched_by"),
    )
    cookies = identifiers.where(F.col(_TYPE) == "anonymous_id").select(*_RECORD, _VALUE)
    orders = (
        cookies.where(F.col("entity") != rules.BROWSERS)
        .join(direct.select(*_RECORD, "customer_id"), _RECORD)
        .select(
            F.col(_VALUE).alias("cookie"),
            F.col("customer_id").alias("person"),
            F.lit("anonymous_id").alias("matched_by"),
        )
    )
    owned = _single_owner(logins.unionByName(orders))
    by_cookie = (
        cookies.join(owned, F.col(_VALUE) == F.col("cookie"))
        .join(direct.select(*_RECORD), _RECORD, "left_anti")
        .select(
            *_RECORD,
            "customer_id",
            F.when(F.col("entity") == rules.BROWSERS, F.col("matched_by"))
            .otherwise(F.lit("anonymous_id"))
            .alias("matched_by"),
        )
    )
    personal = F.col("entity").isin(*(c.entity for c in rules.CARRIERS if c.is_personal))
    links = direct.unionByName(by_cookie).withColumn("is_personal", personal)
    return links.select(*(F.col(c.name).cast(c.kind).alias(c.name) for c in LINK_COLUMNS))


def _single_owner(seen: DataFrame) -> DataFrame:
    """Cookies that one customer used and nobody else: cookie, customer_id, matched_by."""
    grouped = seen.groupBy("cookie").agg(
        F.min("person").alias("customer_id"),
        F.max("person").alias("_other"),
        # A login says more than an order's cookie, and comes first in the alphabet.
        F.min("matched_by").alias("matched_by"),
    )
    alone = (F.col("customer_id") == F.col("_other")) & ~F.col("customer_id").like("account %")
    return grouped.where(alone).drop("_other")


def _strongest(known: DataFrame) -> DataFrame:
    """Per record the customer of its strongest identifier, and the type of that."""
    ranked = known.withColumn("strength", _strength())
    best = ranked.groupBy(*_RECORD).agg(
        F.min_by("customer_id", "strength").alias("customer_id"),
        F.min_by(_TYPE, "strength").alias("matched_by"),
    )
    return best.select(*_RECORD, "customer_id", "matched_by")


def _strength() -> Column:
    """Place of an identifier among those of its record, the strongest first."""
    own = [
        (F.col("entity") == entity) & (F.col(_TYPE) == kind)
        for entity, kind in rules.OWN_ID.items()
    ]
    places = [
        F.when(F.col(_TYPE) == name, F.lit(place))
        for place, name in enumerate(IDENTIFIER_TYPES, start=1)
    ]
    return F.coalesce(F.when(_any(own), F.lit(0)), *places)
