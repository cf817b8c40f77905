"""Which records are compared: pairs that share at least one key of a name, place or contact.

Comparing each with each would be quadratic. A key is a few things at once that records of one
person seldom differ in all; whoever differs from oneself in every key is not found. The keys were
chosen by what each adds to the pairs found on the simulated world. A key that more than
`rules.BLOCK_LIMIT` records share gives no pairs, so their number grows as the records do; but where
the key alone may be enough to link (a contact point, or all there is), neighbours are paired, so
that ten thousand copies of one record are still one person.
"""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from customer360.identity import rules
from customer360.identity.contract import COMPARED
from customer360.identity.match_records import NODE

_FIRST: Final = ("first_name", 3)
_LAST: Final = ("last_name", 3)
# Columns that make a key, or their first letters.
_KEYS: Final[dict[str, tuple[str | tuple[str, int], ...]]] = {
    "email": ("email",),
    "phone": ("phone",),
    "loyalty_card": ("loyalty_card",),
    "email_local": ("email_local",),
    "birth": ("date_of_birth",),
    "birth_first": ("date_of_birth", "first_name"),
    "birth_last": ("date_of_birth", "last_name"),
    "home": ("street", "postal_code"),
    "street_first": ("street", _FIRST),
    "street_last": ("street", _LAST),
    "city_first": ("city", "first_name", ("last_name", 1)),
    "city_last": ("city", "last_name", ("first_name", 1)),
    "post_first": ("postal_code", _FIRST),
    "post_last": ("postal_code", _LAST),
    "post_street": ("postal_code", ("street", 5)),
}
_ADDRESS: Final = ("street", "postal_code", "city")
_RECORD: Final = (*(name for name in COMPARED if name != "address"), *_ADDRESS)
# Keys that may be enough to link.
_TELLING: Final = ("email", "phone", "loyalty_card", "record")


def match_keys(records: DataFrame) -> DataFrame:
    """The keys of records.

    Args:
        records: Rows of `match_records`.

    Returns:
        One row per record and key that it has: node, key, first_name.
    """
    keys = {name: _joined(parts) for name, parts in _KEYS.items()}
    # Given and family name in either order: clerks swap them.
    first, last = F.col("first_name"), F.col("last_name")
    both = first.isNotNull() & last.isNotNull()
    pair = F.concat(F.least(first, last), F.lit("|"), F.greatest(first, last))
    keys["names"] = F.when(both, pair)
    # All that is compared. Names alone link nobody.
    is_somebody = both & (F.col("date_of_birth").isNotNull() | F.col("street").isNotNull())
    keys["record"] = F.when(is_somebody, F.xxhash64(*_RECORD).cast("string"))
    named = [F.concat(F.lit(f"{name}:"), key) for name, key in keys.items()]
    rows = records.select(NODE, F.explode(F.array(*named)).alias("key"), "first_name")
    return rows.where(F.col("key").isNotNull())


def candidate_pairs(keys: DataFrame) -> DataFrame:
    """Records that share a key.

    Args:
        keys: Rows of `match_keys`.

    Returns:
        One row per pair: `node_1`, the smaller, and `node_2`.
    """
    sizes = keys.groupBy("key").agg(F.count(F.lit(1)).alias("size")).where(F.col("size") > 1)
    useful = sizes.where(F.col("size") <= rules.BLOCK_LIMIT)
    blocked = keys.join(useful.select("key"), "key")
    one = blocked.select("key", F.col(NODE).alias("node_1"))
    other = blocked.select("key", F.col(NODE).alias("node_2"))
    pairs = one.join(other, "key").where(F.col("node_1") < F.col("node_2"))
    crowds = sizes.where(F.col("size") > rules.BLOCK_LIMIT).select("key")
    found = pairs.select("node_1", "node_2").unionByName(_neighbours(keys, crowds))
    return found.distinct()


def _neighbours(keys: DataFrame, crowds: DataFrame) -> DataFrame:
    """Pairs of records next to each other, by given name, under telling keys that crowds share."""
    is_telling = F.substring_index("key", ":", 1).isin(*_TELLING)
    crowded = keys.where(is_telling).join(crowds, "key")
    order = Window.partitionBy("key").orderBy("first_name", NODE)
    beside = crowded.select(F.col(NODE).alias("one"), F.lead(NODE).over(order).alias("other"))
    return beside.where(F.col("other").isNotNull()).select(
        F.least("one", "other").alias("node_1"), F.greatest("one", "other").alias("node_2")
    )


def _joined(parts: tuple[str | tuple[str, int], ...]) -> Column:
    """Null where a part is null."""
    columns = [
        F.col(part) if isinstance(part, str) else F.substring(part[0], 1, part[1]) for part in parts
    ]
    separated = [columns[0]]
    for column in columns[1:]:
        separated += [F.lit("|"), column]
    return F.concat(*separated)


def blocking_rules() -> list[str]:
    """The same keys as blocking rules of Splink: SQL on `l` and `r`, without the limit."""

    def same(part: str | tuple[str, int]) -> str:
        if isinstance(part, str):
            return f"l.{part} = r.{part}"
        name, letters = part
        return f"substr(l.{name}, 1, {letters}) = substr(r.{name}, 1, {letters})"

    rules_ = [" and ".join(same(part) for part in parts) for parts in _KEYS.values()]
    return [
        *rules_,
        "l.first_name = r.first_name and l.last_name = r.last_name",
        "l.first_name = r.last_name and l.last_name = r.first_name",
    ]
