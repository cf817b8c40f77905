"""Which of the values that a customer's records claim survive: one ranking for all attributes.

DataFrame code; whom to believe and what counts more is data, in `rules.TRUST`, `rules.PARTS` and
`rules.CRITERIA`. The golden record (`golden`) takes what is ranked first, so it cannot differ.
"""

from __future__ import annotations

from functools import reduce
from typing import Final

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from customer360.identity import rules
from customer360.identity.contract import AS_GOOD, CHOSEN, VALUE_COLUMNS
from customer360.identity.golden import ADDRESS, NAME

_RECORD: Final = ["entity", "record_key"]
_ATTRIBUTE: Final = ["customer_id", "attribute"]
# Columns of `claims` by attribute; name and address each come whole from one record.
_COLUMNS: Final = {
    "name": NAME,
    "email": ("email",),
    "phone": ("phone",),
    "address": ADDRESS,
    "date_of_birth": ("date_of_birth",),
    "loyalty_card": ("loyalty_card_number",),
}
# A title alone is no name, a country alone no address.
_WEAK: Final = ("title", "country")
# Digits of each criterion; a moment is counted down in microseconds, from long after year 9999.
_DIGITS: Final = {"deleted_record": 1, "less_complete": 1, "less_trusted": 1, "older": 19}
_LAST: Final = 10**18
_NEVER: Final = str(2 * _LAST)
_BELIEVED: Final = sorted({entity for tiers in rules.TRUST.values() for t in tiers for entity in t})


def claims(links: DataFrame, identifiers: DataFrame, records: DataFrame) -> DataFrame:
    """What the records of each customer claim about the person.

    Args:
        links: Rows of `customer_links`.
        identifiers: Rows of `customer_identifiers`.
        records: Rows of `golden.described`.

    Returns:
        One row per linked record of a table that is believed in anything: customer_id, the columns
        of `golden.described`, and `email` (lower case), `phone` (E.164), `loyalty_card_number`,
        null where the record has none that could be the person's.
    """
    kind, believed = F.col("identifier_type"), F.col("entity").isin(*_BELIEVED)
    told = {
        "email": F.when(kind == "email", F.lower(F.trim("raw_value"))),
        "phone": F.when(kind == "phone", F.col("identifier_value")),
        "loyalty_card_number": F.when(kind == "loyalty_card", F.col("identifier_value")),
    }
    said = (
        identifiers.where(
            believed & F.col("is_linking") & kind.isin("email", "phone", "loyalty_card")
        )
        .groupBy(*_RECORD)
        .agg(*(F.max(value).alias(name) for name, value in told.items()))
    )
    owned = links.where(believed).select(*_RECORD, "customer_id").join(records, _RECORD)
    return owned.join(said, _RECORD, "left")


def ranked_values(claimed: DataFrame) -> DataFrame:
    """All values of each customer's attributes, the one to believe first.

    Args:
        claimed: Rows of `claims`.

    Returns:
        Rows of `customer_values`: one per customer, attribute and distinct value. No two have the
        same rank: records that the criteria hold for equal are ordered by table and key.
    """
    # Grouped before it is ranked: a card is claimed by each of its receipts.
    values = (
        _by_attribute(claimed)
        .groupBy(*_ATTRIBUTE, "value")
        .agg(F.min("place").alias("place"), F.count(F.lit(1)).alias("record_count"))
    )
    order = Window.partitionBy(*_ATTRIBUTE).orderBy("place")
    ranked = values.select(
        "*",
        F.row_number().over(order).alias("rank"),
        F.first("place").over(order).alias("best"),
    )
    record = F.substring("place", 1 + sum(_DIGITS.values()), F.length("place"))
    clock = _part("place", "older")
    told = ranked.select(
        *_ATTRIBUTE,
        "value",
        "rank",
        F.substring_index(record, "|", 1).alias("entity"),
        F.substring(record, F.instr(record, "|") + 1, F.length(record)).alias("record_key"),
        F.when(clock != _NEVER, F.timestamp_micros(F.lit(_LAST) - clock.cast("bigint"))).alias(
            "claimed_at"
        ),
        "record_count",
        _why().alias("why"),
    )
    return told.select(*(F.col(c.name).cast(c.kind).alias(c.name) for c in VALUE_COLUMNS))


def _by_attribute(claimed: DataFrame) -> DataFrame:
    """One row per record and attribute that it has a value of.

    The place is one text that sorts as the criteria do: their digits, then table and key. Sorting
    by as many columns took the embedded engine three times as long.
    """
    each = [
        F.struct(
            F.lit(attribute).alias("attribute"),
            F.when(_tier(attribute).isNotNull(), _text(attribute)).alias("value"),
            _place(attribute).alias("place"),
        )
        for attribute in _COLUMNS
    ]
    rows = claimed.select("customer_id", F.explode(F.array(*each)).alias("claim"))
    found = rows.select("customer_id", "claim.attribute", "claim.value", "claim.place")
    return found.where(F.col("value").isNotNull())


def _place(attribute: str) -> Column:
    digits = {
        "deleted_record": F.col("is_deleted").cast("int"),
        "less_complete": _missing(attribute),
        "less_trusted": _tier(attribute),
        "older": F.coalesce((F.lit(_LAST) - F.unix_micros("clock")).cast("string"), F.lit(_NEVER)),
    }
    padded = (F.lpad(digits[c].cast("string"), _DIGITS[c], "0") for c in rules.CRITERIA)
    return F.concat(*padded, "entity", F.lit("|"), "record_key")


def _part(place: str, criterion: str) -> Column:
    """The digits of a criterion."""
    before = rules.CRITERIA[: rules.CRITERIA.index(criterion)]
    return F.substring(place, 1 + sum(_DIGITS[c] for c in before), _DIGITS[criterion])


def _why() -> Column:
    """The first criterion by which a value is worse than the best one."""
    worse = reduce(
        lambda found, c: F.when(_part("place", c) != _part("best", c), F.lit(c)).otherwise(found),
        reversed(rules.CRITERIA),
        F.lit(AS_GOOD),
    )
    return F.when(F.col("rank") == 1, F.lit(CHOSEN)).otherwise(worse)


def _is_told(attribute: str) -> Column:
    """Whether the record has a value."""
    told = (F.col(c).isNotNull() for c in _COLUMNS[attribute] if c not in _WEAK)
    return reduce(lambda a, b: a | b, told)


def _text(attribute: str) -> Column:
    """The value as one text; null where the record has none."""
    columns = _COLUMNS[attribute]
    if attribute == "name":
        text = F.concat_ws(" ", *columns)
    elif attribute == "address":
        town = F.concat_ws(" ", "postal_code", "city")
        text = F.concat_ws(", ", "street", F.when(town != "", town), "country")
    else:
        text = F.col(columns[0]).cast("string")
    return F.when(_is_told(attribute), text)


def _missing(attribute: str) -> Column:
    """How many of the parts that make the value whole are missing; null where there is no value.

    Of all attributes or of none: the embedded engine refuses an array of structs of which some
    have a column that can be null, and others one that cannot.
    """
    parts = rules.PARTS.get(attribute, ())
    missing = (F.when(F.col(part).isNull(), F.lit(1)).otherwise(F.lit(0)) for part in parts)
    return F.when(_is_told(attribute), reduce(lambda a, b: a + b, missing, F.lit(0)))


def _tier(attribute: str) -> Column:
    """Place of the record's table among those to believe; null where it is not believed."""
    return F.coalesce(
        *(
            F.when(F.col("entity").isin(*tier), F.lit(place))
            for place, tier in enumerate(rules.TRUST[attribute])
        )
    )
