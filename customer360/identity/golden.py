"""The golden record: a customer's best known value of each attribute, and where it came from.

DataFrame code; whom to believe is data, in `rules.TRUST`. Who belongs to the customer was decided
in `links`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Final

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from customer360.identity import normalise, rules
from customer360.identity.contract import CUSTOMER_COLUMNS, record_key

_RECORD = ["entity", "record_key"]

# Columns by attribute of `rules.TRUST`; name and address each come whole from one record.
_NAME: Final = ("title", "first_name", "last_name")
_ADDRESS: Final = ("street", "city", "postal_code", "country")
_COLUMNS: Final = {
    "name": _NAME,
    "email": ("email",),
    "phone": ("phone",),
    "address": _ADDRESS,
    "date_of_birth": ("date_of_birth",),
    "loyalty_card": ("loyalty_card_number",),
}
# A title alone is no name, a country alone no address.
_WEAK: Final = ("title", "country")
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
_SHIPPING: Final = {name: f"shipping_{name}" for name in _ADDRESS}
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

    parts = [column(name) for name in (*_NAME, *_ADDRESS)]
    if carrier.entity in _WHOLE_NAMES:
        parts = [*_split_name(_WHOLE_NAMES[carrier.entity]), *parts[len(_NAME) :]]
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


def claims(links: DataFrame, identifiers: DataFrame, records: DataFrame) -> DataFrame:
    """What the records of each customer claim about the person.

    Args:
        links: Rows of `customer_links`.
        identifiers: Rows of `customer_identifiers`.
        records: Rows of `described`.

    Returns:
        One row per linked record but browsers: customer_id, the columns of `described`, and `email`
        (lower case), `phone` (E.164), `loyalty_card_number`, null where the record has none that
        could be the person's.
    """
    kind = F.col("identifier_type")
    told = {
        "email": F.when(kind == "email", F.lower(F.trim("raw_value"))),
        "phone": F.when(kind == "phone", F.col("identifier_value")),
        "loyalty_card_number": F.when(kind == "loyalty_card", F.col("identifier_value")),
    }
    said = (
        identifiers.where(F.col("is_linking") & kind.isin("email", "phone", "loyalty_card"))
        .groupBy(*_RECORD)
        .agg(*(F.max(value).alias(name) for name, value in told.items()))
    )
    owned = links.select(*_RECORD, "customer_id").join(records, _RECORD)
    return owned.join(said, _RECORD, "left")


def golden_records(claimed: DataFrame, links: DataFrame, browser_days: DataFrame) -> DataFrame:
    """One row per customer: the columns of `customers`.

    Args:
        claimed: Rows of `claims`.
        links: Rows of `customer_links`.
        browser_days: First and last landing day of each cookie: record_key, first_on, last_on.
    """
    parts = [_best(claimed, attribute, columns) for attribute, columns in _COLUMNS.items()]
    counted = _counted(claimed, links, browser_days)
    whole = reduce(lambda left, right: left.join(right, "customer_id", "left"), parts, counted)
    rows = whole.withColumn("has_loyalty_card", F.col("loyalty_card_number").isNotNull())
    return rows.select(*(F.col(c.name).cast(c.kind).alias(c.name) for c in CUSTOMER_COLUMNS))


def _best(rows: DataFrame, attribute: str, columns: tuple[str, ...]) -> DataFrame:
    """Per customer the columns of the most trusted record that has them, and its table.

    Order: living before deleted, tier of trust, newest clock, then table and key, so that no two
    tie.
    """
    tiers = rules.TRUST[attribute]
    tier = F.coalesce(
        *(F.when(F.col("entity").isin(*tier), F.lit(place)) for place, tier in enumerate(tiers))
    )
    order = (F.col("is_deleted"), tier, F.col("clock").desc(), F.col("entity"), F.col("record_key"))
    trusted = F.col("entity").isin(*(entity for tier in tiers for entity in tier))
    told = reduce(lambda a, b: a | b, (F.col(c).isNotNull() for c in columns if c not in _WEAK))
    ranked = rows.where(trusted & told).withColumn(
        "_place", F.row_number().over(Window.partitionBy("customer_id").orderBy(*order))
    )
    source = F.col("entity").alias(f"{attribute}_source")
    return ranked.where(F.col("_place") == 1).select("customer_id", *columns, source)


def _counted(claimed: DataFrame, links: DataFrame, browser_days: DataFrame) -> DataFrame:
    """Per customer: counts, flags and days over all records that are linked."""
    browsers = links.where(F.col("entity") == rules.BROWSERS).join(browser_days, "record_key")
    days = claimed.select(
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
