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

from customer360.identity import rules
from customer360.identity.contract import CUSTOMER_COLUMNS

_RECORD = ["entity", "record_key"]
_ORIGIN = [*_RECORD, "clock", "is_deleted", "landed_on"]

# Silver columns by attribute; name and address each come whole from one record.
_NAME: Final = ("title", "first_name", "last_name")
_ADDRESS: Final = ("street", "city", "postal_code", "country")
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
_SHIPPING: Final = {name: f"shipping_{name}" for name in _ADDRESS}


def described(silver: Mapping[str, DataFrame]) -> DataFrame:
    """What the records say of a person, beside identifiers.

    Args:
        silver: Silver tables of `rules.CARRIERS`, by name.

    Returns:
        One row per record: entity, record_key, clock, is_deleted, landed_on, the parts of name and
        address, date_of_birth; null where the table has no such column.
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
    if carrier.entity == rules.ORDERS:
        parts = [*_parcel_name(), *parts[len(_NAME) :]]
    return rows.select(
        F.lit(carrier.entity).alias("entity"),
        F.concat_ws("|", *carrier.key).alias("record_key"),
        F.col(_CLOCKS[carrier.entity]).alias("clock"),
        F.coalesce(column("is_deleted", "boolean"), F.lit(False)).alias("is_deleted"),
        "landed_on",
        *parts,
        column("date_of_birth", "date"),
    )


def _parcel_name() -> list[Column]:
    """A parcel's name in two: its last word is taken for the family name."""
    name = F.regexp_replace(F.trim("shipping_name"), " +", " ")
    last = F.substring_index(name, " ", -1)
    first = F.regexp_extract(name, "^(.*) [^ ]+$", 1)
    return [
        F.lit(None).cast("string").alias("title"),
        F.when(first != "", first).alias("first_name"),
        F.when(last != "", last).alias("last_name"),
    ]


def golden_records(
    links: DataFrame, identifiers: DataFrame, records: DataFrame, browser_days: DataFrame
) -> DataFrame:
    """One row per customer: the columns of `customers`.

    Args:
        links: Rows of `customer_links`.
        identifiers: Rows of `customer_identifiers`.
        records: Rows of `described`.
        browser_days: First and last landing day of each cookie: record_key, first_on, last_on.
    """
    owned = links.select(*_RECORD, "customer_id").join(records, _RECORD)
    usable = F.col("excluded_because").isNull() | F.col("excluded_because").isin(
        *rules.GOLDEN_DESPITE
    )
    said = identifiers.where(usable).join(owned.select(*_ORIGIN, "customer_id"), _RECORD)
    people = _counted(links, records, browser_days)
    parts = [
        _best(
            owned, "name", _NAME, F.col("first_name").isNotNull() | F.col("last_name").isNotNull()
        ),
        _best(_told(said, "email", F.lower(F.trim("raw_value"))), "email", ("email",)),
        _best(_told(said, "phone", F.col("identifier_value")), "phone", ("phone",)),
        _best(
            owned,
            "address",
            _ADDRESS,
            F.col("street").isNotNull()
            | F.col("city").isNotNull()
            | F.col("postal_code").isNotNull(),
        ),
        _best(owned, "date_of_birth", ("date_of_birth",)),
        _best(
            _told(said, "loyalty_card", F.col("identifier_value"), "loyalty_card_number"),
            "loyalty_card",
            ("loyalty_card_number",),
        ),
    ]
    whole = reduce(lambda left, right: left.join(right, "customer_id", "left"), parts, people)
    has_card = F.col("loyalty_card_number").isNotNull()
    rows = whole.withColumn("has_loyalty_card", has_card)
    return rows.select(*(F.col(c.name).cast(c.kind).alias(c.name) for c in CUSTOMER_COLUMNS))


def _told(said: DataFrame, kind: str, value: Column, name: str = "") -> DataFrame:
    """Identifiers of one type as a column of the records that carry them."""
    return said.where(F.col("identifier_type") == kind).withColumn(name or kind, value)


def _best(
    rows: DataFrame, attribute: str, columns: tuple[str, ...], present: Column | None = None
) -> DataFrame:
    """Per customer the columns of the most trusted record that has them, and its table.

    Order: living before deleted, tier of trust, newest clock, then table and key, so that no two
        tie.
    """
    tiers = rules.TRUST[attribute]
    trusted = [entity for tier in tiers for entity in tier]
    tier = F.coalesce(
        *(F.when(F.col("entity").isin(*tier), F.lit(place)) for place, tier in enumerate(tiers))
    )
    order = (F.col("is_deleted"), tier, F.col("clock").desc(), F.col("entity"), F.col("record_key"))
    there = F.col(columns[0]).isNotNull() if present is None else present
    ranked = rows.where(F.col("entity").isin(*trusted) & there).withColumn(
        "_place", F.row_number().over(Window.partitionBy("customer_id").orderBy(*order))
    )
    source = F.col("entity").alias(f"{attribute}_source")
    return ranked.where(F.col("_place") == 1).select("customer_id", *columns, source)


def _counted(links: DataFrame, records: DataFrame, browser_days: DataFrame) -> DataFrame:
    """Per customer: counts, flags and days over all records that are linked."""
    days = records.select(
        *_RECORD,
        F.col("landed_on").alias("first_on"),
        F.col("landed_on").alias("last_on"),
        "is_deleted",
    ).unionByName(
        browser_days.select(
            F.lit(rules.BROWSERS).alias("entity"),
            "record_key",
            "first_on",
            "last_on",
            F.lit(None).cast("boolean").alias("is_deleted"),
        )
    )
    entity = F.col("entity")
    closable = entity.isin(rules.ACCOUNTS, rules.CONTACTS)
    grouped = links.join(days, _RECORD, "left").groupBy("customer_id").agg(
        F.count(F.lit(1)).alias("record_count"),
        F.count_distinct(F.substring_index(entity, "__", 1)).alias("source_count"),
        *(_any(entity == e).alias(name) for name, e in (
            ("accounts", rules.ACCOUNTS), ("contacts", rules.CONTACTS), ("profiles", rules.PROFILES)
        )),
        _any(closable & ~F.col("is_deleted")).alias("living"),
        F.min("first_on").alias("first_seen_on"),
        F.max("last_on").alias("last_seen_on"),
    )  # fmt: skip
    known = (F.col("accounts") == 1) | (F.col("contacts") == 1)
    return grouped.select(
        "customer_id",
        "record_count",
        "source_count",
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
