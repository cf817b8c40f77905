"""Which identifiers each source record carries, read into one spelling, and which of them link.

DataFrame code and the phone numbers' trip to the run process. The rules are in `rules`, the
spellings in `normalise`, what is too widely shared to link in `sharing`; who belongs together is
decided in `clusters`.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from customer360 import keys
from customer360.identity import normalise, rules
from customer360.identity.contract import IDENTIFIER_COLUMNS, IDENTIFIER_TYPES, record_key
from customer360.identity.phones import DIALLED, DIALLED_IN, E164

if TYPE_CHECKING:
    from customer360.resources.session import Engine

RAW: Final = "raw_"
REASON: Final = "reason_"


def carried(engine: Engine) -> DataFrame:
    """What the records of all carriers hold, as written.

    Returns:
        One row per source record of `rules.CARRIERS`: entity, record_key, country, first_seen_on,
        and `raw_<type>` per identifier type (null where there is none).
    """
    parts = [_carried_by(engine.table(keys.silver(c.entity)), c) for c in rules.CARRIERS]
    return reduce(DataFrame.unionByName, parts)


def _carried_by(rows: DataFrame, carrier: rules.Carrier) -> DataFrame:
    def column(name: str | None) -> Column:
        return F.col(name) if name else F.lit(None).cast("string")

    raw = {t: column(carrier.identifiers.get(t)) for t in IDENTIFIER_TYPES}
    if carrier.entity == rules.PROFILES:
        raw["social_handle"] = F.expr(record_key(carrier.key))
    return rows.select(
        F.lit(carrier.entity).alias("entity"),
        F.expr(record_key(carrier.key)).alias("record_key"),
        column(carrier.country).alias("country"),
        F.col("landed_on").alias("first_seen_on"),
        *(value.alias(f"{RAW}{name}") for name, value in raw.items()),
    )


def network_handles(profiles: DataFrame) -> DataFrame:
    """Handles that one network alone knows: one row per `bare_handle` with its `known_handle`."""
    bare = profiles.select("network", normalise.handle(F.col("handle")).alias("bare_handle"))
    names = bare.withColumn("known_handle", F.expr(record_key(("network", "bare_handle"))))
    grouped = names.groupBy("bare_handle").agg(
        F.min("known_handle").alias("known_handle"), F.max("known_handle").alias("_last")
    )
    return grouped.where(F.col("known_handle") == F.col("_last")).select(
        "bare_handle", "known_handle"
    )


def normalised(records: DataFrame, phones: DataFrame, handles: DataFrame) -> DataFrame:
    """Bring every identifier into its one spelling.

    Args:
        records: Rows of `carried` with `phones.with_dialled`.
        phones: Rows of `phones.read_phones`.
        handles: Rows of `network_handles`.

    Returns:
        One row per record: entity, record_key, first_seen_on, and per identifier type
        `raw_<type>`, `<type>` and `reason_<type>` (null where the value may link).
    """
    bare = F.when(
        F.col("entity") == rules.DELIVERIES, normalise.handle(F.col(f"{RAW}social_handle"))
    )
    joined = (
        records.withColumn("bare_handle", bare)
        .join(phones, [DIALLED, DIALLED_IN], "left")
        .join(handles, "bare_handle", "left")
    )
    readings = _readings()
    return joined.select(
        "entity",
        "record_key",
        "first_seen_on",
        *(F.col(f"{RAW}{name}") for name in readings),
        *(r.value.alias(name) for name, r in readings.items()),
        *(_unless_own(name, r.reason).alias(f"{REASON}{name}") for name, r in readings.items()),
    )


def _readings() -> dict[str, normalise.Reading]:
    raw = {name: F.col(f"{RAW}{name}") for name in IDENTIFIER_TYPES}
    profile = F.concat_ws(
        "|",
        F.substring_index(raw["social_handle"], "|", 1),
        normalise.handle(F.regexp_replace(raw["social_handle"], "^[^|]*[|]", "")),
    )
    known = F.when(F.col("entity") == rules.PROFILES, profile).otherwise(F.col("known_handle"))
    nowhere = raw["social_handle"].isNotNull() & known.isNull()
    handle = normalise.Reading(
        F.when(raw["social_handle"].isNotNull(), F.coalesce(known, raw["social_handle"])),
        F.when(nowhere, F.lit(rules.INVALID)),
    )
    return {
        "account_id": normalise.plain_id(raw["account_id"]),
        "contact_id": normalise.plain_id(raw["contact_id"]),
        "loyalty_card": normalise.loyalty_card(raw["loyalty_card"]),
        "email": normalise.email(raw["email"]),
        "phone": normalise.phone(F.col(DIALLED), F.col(E164)),
        "social_handle": handle,
        "anonymous_id": normalise.Reading(
            raw["anonymous_id"], F.when(raw["anonymous_id"].isNotNull(), F.lit(rules.DEVICE))
        ),
    }


def _unless_own(name: str, reason: Column) -> Column:
    owners = [entity for entity, own in rules.OWN_ID.items() if own == name]
    return F.when(~F.col("entity").isin(*owners), reason) if owners else reason


def browsers(events: DataFrame) -> DataFrame:
    """Cookies and the accounts that logged in on them, from web events; never one row per event.

    Returns:
        Rows like `identifier_rows`: per cookie one row `anonymous_id`, and one `account_id` per
        account.
    """
    seen = events.where(F.col("anonymous_id").isNotNull())
    pairs = seen.groupBy("anonymous_id", "account_id").agg(
        F.min("landed_on").alias("first_seen_on")
    )
    cookies = pairs.groupBy("anonymous_id").agg(F.min("first_seen_on").alias("first_seen_on"))
    logins = pairs.where(F.col("account_id").isNotNull())
    account = normalise.plain_id(F.col("account_id"))
    cookie = normalise.Reading(F.col("anonymous_id"), F.lit(rules.DEVICE))
    return _browser_rows(cookies, "anonymous_id", cookie).unionByName(
        _browser_rows(logins, "account_id", account)
    )


def _browser_rows(rows: DataFrame, name: str, reading: normalise.Reading) -> DataFrame:
    return rows.select(
        F.lit(rules.BROWSERS).alias("entity"),
        F.col("anonymous_id").alias("record_key"),
        F.lit(name).alias("identifier_type"),
        reading.value.alias("identifier_value"),
        F.col(name).alias("raw_value"),
        reading.reason.alias("reason"),
        "first_seen_on",
    )


def identifier_rows(records: DataFrame) -> DataFrame:
    """From one row per record to one row per record and identifier.

    Returns:
        entity, record_key, identifier_type, identifier_value, raw_value, reason, first_seen_on.
    """
    each = [
        F.struct(
            F.lit(name).alias("identifier_type"),
            F.col(name).alias("identifier_value"),
            F.col(f"{RAW}{name}").alias("raw_value"),
            F.col(f"{REASON}{name}").alias("reason"),
        )
        for name in IDENTIFIER_TYPES
    ]
    kept = ("entity", "record_key", "first_seen_on")
    exploded = records.select(*kept, F.explode(F.array(*each)).alias("i"))
    fields = ("identifier_type", "identifier_value", "raw_value", "reason")
    rows = exploded.select("entity", "record_key", *(f"i.{f}" for f in fields), "first_seen_on")
    return rows.where(F.col("identifier_value").isNotNull())


def judged(rows: DataFrame, shared: DataFrame) -> DataFrame:
    """Decide which identifiers link; the rows of `customer_identifiers`.

    Args:
        rows: Rows of `identifier_rows` and `browsers`.
        shared: Rows of `sharing.shared_values`.
    """
    known = shared.withColumn("why", F.lit(rules.SHARED))
    is_own = reduce(
        lambda a, b: a | b,
        ((F.col("entity") == e) & (F.col("identifier_type") == t) for e, t in rules.OWN_ID.items()),
    )
    reason = F.coalesce("reason", F.when(~is_own, F.col("why")))
    decided = (
        rows.join(known, ["identifier_type", "identifier_value"], "left")
        .withColumn("excluded_because", reason)
        .withColumn("is_linking", F.col("excluded_because").isNull())
    )
    return decided.select(*(F.col(c.name).cast(c.kind).alias(c.name) for c in IDENTIFIER_COLUMNS))
