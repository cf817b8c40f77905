"""The golden record: a customer's best known value of each attribute, and where it came from.

DataFrame code. Which value is the best was decided in `survivorship`, who belongs to the customer
in `links`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from customer360.identity import normalise, rules
from customer360.identity.contract import ATTRIBUTES, CUSTOMER_COLUMNS, record_key

_RECORD = ["entity", "record_key"]

# Columns of a name and of an address.
NAME: Final = ("title", "first_name", "last_name")
ADDRESS: Final = ("street", "city", "postal_code", "country")
# When a record's current version came to be, and the key, per table.
_CLOCKS: Final = {
    rules.CONTACTS: "updated_at",
    rules.ACCOUNTS: "updated_at",
    rules.PROFILES: "updated_at",
    rules.ORDERS: "updated_at",
    rules.TICKETS: "updated_at",
    rules.RECEIPTS: "sold_at",
    rules.DELIVERIES: "updated_at",
}
_SOURCES: Final = sorted(
    {entity.partition("__")[0] for entity in (rules.BROWSERS, *(c.entity for c in rules.CARRIERS))}
)
_SHIPPING: Final = {name: f"shipping_{name}" for name in ADDRESS}
# Tables that hold a person's name in one piece.
_WHOLE_NAMES: Final = {rules.ORDERS: "shipping_name", rules.PROFILES: "display_name"}


def described(silver: Mapping[str, DataFrame]) -> DataFrame:
    """What the records say of a person, beside identifiers.

    Args:
        silver: Silver tables of `rules.CARRIERS`, by name.

    Returns:
        One row per record: entity, record_key, clock, is_deleted, landed_on, the parts of name and
        address, date_of_birth; null where the table has no such column, and where the birth date
        is nobody's.
    """
    return reduce(
        DataFrame.unionByName, (_described_by(silver[c.entity], c) for c in rules.CARRIERS)
    )


def _described_by(rows: DataFrame, carrier: rules.Carrier) -> DataFrame:
    renamed = _SHIPPING if carrier.entity == rules.ORDERS else {}
    present = set(rows.columns)

    def column(name: str, kind: str = "string") -> Column:
        source = renamed.get(name, name)
        found = F.col(source) if source in present else F.lit(None)
        return found.cast(kind).alias(name)

    parts = [column(name) for name in (*NAME, *ADDRESS)]
    if carrier.entity in _WHOLE_NAMES:
        parts = [*_split_name(_WHOLE_NAMES[carrier.entity]), *parts[len(NAME) :]]
    return rows.select(
        F.lit(carrier.entity).alias("entity"),
        F.expr(record_key(carrier.key)).alias("record_key"),
        F.col(_CLOCKS[carrier.entity]).alias("clock"),
        F.coalesce(column("is_deleted", "boolean"), F.lit(False)).alias("is_deleted"),
        "landed_on",
        *parts,
        normalise.birth_date(column("date_of_birth", "date"), F.col("landed_on")).alias(
            "date_of_birth"
        ),
    )


def _split_name(column: str) -> list[Column]:
    """A name in one piece as two: its last word is taken for the family name."""
    name = F.regexp_replace(F.trim(column), " +", " ")
    last = F.substring_index(name, " ", -1)
    first = F.regexp_extract(name, "^(.*) [^ ]+$", 1)
    return [
        F.lit(None).cast("string").alias("title"),
        F.when(first != "", first).alias("first_name"),
        F.when(last != "", last).alias("last_name"),
    ]


def linked_records(links: DataFrame, records: DataFrame) -> DataFrame:
    """What is counted of the records of customers, browsers left out.

    Args:
        links: Rows of `customer_links`.
        records: Rows of `described`.

    Returns:
        One row per record: customer_id, entity, is_deleted, landed_on.
    """
    found = records.select(*_RECORD, "is_deleted", "landed_on")
    owned = links.select(*_RECORD, "customer_id").join(found, _RECORD)
    return owned.select("customer_id", "entity", "is_deleted", "landed_on")


def linked_browsers(links: DataFrame, events: DataFrame) -> DataFrame:
    """Cookies that belong to a customer: customer_id, entity, first_on, last_on (landing days).

    Args:
        links: Rows of `customer_links`.
        events: Web events.
    """
    days = events.groupBy(F.col("anonymous_id").alias("record_key")).agg(
        F.min("landed_on").alias("first_on"), F.max("landed_on").alias("last_on")
    )
    owned = links.where(F.col("entity") == rules.BROWSERS)
    return owned.join(days, "record_key").select("customer_id", "entity", "first_on", "last_on")


def golden_records(
    values: DataFrame, records: DataFrame, linked: DataFrame, browsers: DataFrame
) -> DataFrame:
    """One row per customer: the columns of `customers`.

    Args:
        values: Rows of `customer_values`.
        records: Rows of `described`.
        linked: Rows of `linked_records`.
        browsers: Rows of `linked_browsers`.
    """
    counted = _counted(linked, browsers)
    whole = counted.join(_chosen(values, records), "customer_id", "left")
    rows = whole.withColumn("has_loyalty_card", F.col("loyalty_card_number").isNotNull())
    return rows.select(*(F.col(c.name).cast(c.kind).alias(c.name) for c in CUSTOMER_COLUMNS))


def _chosen(values: DataFrame, records: DataFrame) -> DataFrame:
    """Per customer the values ranked first, each with its table and time.

    Name, address and birth date are taken from the record, because the value is but a text.
    """
    described = records.select(*_RECORD, *NAME, *ADDRESS, "date_of_birth")
    first = values.where(F.col("rank") == 1).join(described, _RECORD, "left")

    def of(attribute: str, column: str, name: str) -> Column:
        # One row per attribute: there is nothing to choose from.
        return F.max(F.when(F.col("attribute") == attribute, F.col(column))).alias(name)

    return first.groupBy("customer_id").agg(
        *(of("name", part, part) for part in NAME),
        *(of("address", part, part) for part in ADDRESS),
        of("date_of_birth", "date_of_birth", "date_of_birth"),
        of("email", "value", "email"),
        of("phone", "value", "phone"),
        of("loyalty_card", "value", "loyalty_card_number"),
        *(of(each, "entity", f"{each}_source") for each in ATTRIBUTES),
        *(of(each, "claimed_at", f"{each}_claimed_at") for each in ATTRIBUTES),
    )


def _counted(linked: DataFrame, browsers: DataFrame) -> DataFrame:
    """Per customer: counts, flags and days over all records that are linked."""
    days = linked.select(
        "customer_id",
        "entity",
        "is_deleted",
        F.col("landed_on").alias("first_on"),
        F.col("landed_on").alias("last_on"),
    ).unionByName(
        browsers.select(
            "customer_id",
            "entity",
            F.lit(False).alias("is_deleted"),
            "first_on",
            "last_on",
        )
    )
    entity = F.col("entity")
    closable = entity.isin(rules.ACCOUNTS, rules.CONTACTS)
    grouped = days.groupBy("customer_id").agg(
        F.count(F.lit(1)).alias("record_count"),
        # One flag per source: a distinct count per group took the embedded engine 10 s, this 0.2 s.
        *(_any(entity.startswith(f"{source}__")).alias(f"in_{source}") for source in _SOURCES),
        _any(entity == rules.ACCOUNTS).alias("accounts"),
        _any(entity == rules.CONTACTS).alias("contacts"),
        _any(entity == rules.PROFILES).alias("profiles"),
        _any(closable & ~F.col("is_deleted")).alias("living"),
        F.min("first_on").alias("first_seen_on"),
        F.max("last_on").alias("last_seen_on"),
    )
    known = (F.col("accounts") == 1) | (F.col("contacts") == 1)
    return grouped.select(
        "customer_id",
        "record_count",
        reduce(lambda a, b: a + b, (F.col(f"in_{source}") for source in _SOURCES)).alias(
            "source_count"
        ),
        (F.col("accounts") == 1).alias("has_account"),
        (F.col("contacts") == 1).alias("has_contact"),
        (F.col("profiles") == 1).alias("has_social_profile"),
        "first_seen_on",
        "last_seen_on",
        (known & (F.col("living") == 0)).alias("is_deleted"),
    )


def _any(condition: Column) -> Column:
    """1 if any row of the group meets the condition, else 0."""
    return F.max(F.when(condition, 1).otherwise(0))
