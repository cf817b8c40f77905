"""Which records are compared: pairs that share at least one key of a name, place or contact.

Comparing each with each would be quadratic. A key is a few things at once that records of one
person seldom differ in all; whoever differs from oneself in every key is not found. The keys were
chosen by what each adds to the pairs found on the simulated world. A key that too many records
share gives no pairs: of one that tells a person or a home that is `rules.BLOCK_LIMIT`, of one that
strangers share by chance the fewer `rules.CHANCE_LIMIT`, as chance grows with the square of the
records. Where the key alone may be enough to link (a contact point, or all there is), neighbours
are paired instead, so that ten thousand copies of one record are still one person.
"""

from __future__ import annotations

from functools import reduce
from typing import Final

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from customer360.identity import rules
from customer360.identity.contract import COMPARED
from customer360.identity.match_records import NODE

KEY_TYPE: Final = "bigint"
_FIRST: Final = ("first_name", 3)
_LAST: Final = ("last_name", 3)
# Columns that make a key, or their first letters.
Parts = tuple[str | tuple[str, int], ...]
_LINKING: Final[dict[str, Parts]] = {
    "email": ("email",),
    "phone": ("phone",),
    "loyalty_card": ("loyalty_card",),
}
_TELLING: Final[dict[str, Parts]] = {
    "email_local": ("email_local",),
    "birth_first": ("date_of_birth", "first_name"),
    "birth_last": ("date_of_birth", "last_name"),
    "home": ("street", "postal_code"),
}
_BY_CHANCE: Final[dict[str, Parts]] = {
    "birth": ("date_of_birth",),
    "street_first": ("street", _FIRST),
    "street_last": ("street", _LAST),
    "city_first": ("city", "first_name", _LAST),
    "city_last": ("city", "last_name", _FIRST),
    "post_first": ("postal_code", _FIRST),
    "post_last": ("postal_code", _LAST),
    "post_street": ("postal_code", ("street", 5)),
}
KEYS: Final = {**_LINKING, **_TELLING, **_BY_CHANCE}
_ADDRESS: Final = ("street", "postal_code", "city")
_RECORD: Final = (*(name for name in COMPARED if name != "address"), *_ADDRESS)


def match_keys(records: DataFrame) -> DataFrame:
    """The keys of records.

    A key is the hash of its name and parts: a third of the time of texts. Two keys out of ten
    million have the same hash once in 300,000 lakes; their records would be compared in vain.

    Args:
        records: Rows of `match_records`.

    Returns:
        One row per record and key that it has: node, key, how many records may share it (most), and
        whether it may be enough to link (links).
    """
    both = _columns(("first_name", "last_name"))
    is_named = both[0].isNotNull() & both[1].isNotNull()
    # All that is compared. Names alone link nobody.
    is_somebody = is_named & (F.col("date_of_birth").isNotNull() | F.col("street").isNotNull())
    linking = [*_all_hashed(_LINKING), F.when(is_somebody, F.xxhash64(F.lit("record"), *_RECORD))]
    telling = [*linking, *_all_hashed(_TELLING)]
    # Given and family name in either order: clerks swap them. The smaller of a name and of nothing
    # would be the name.
    names = F.when(is_named, _hashed("names", [F.least(*both), F.greatest(*both)]))
    keys = F.array(*telling, *_all_hashed(_BY_CHANCE), names)
    rows = records.select(NODE, F.posexplode(keys).alias("place", "key"))
    is_telling = F.col("place") < len(telling)
    most = F.when(is_telling, rules.BLOCK_LIMIT).otherwise(rules.CHANCE_LIMIT).alias("most")
    links = (F.col("place") < len(linking)).alias("links")
    return rows.where(F.col("key").isNotNull()).select(NODE, "key", most, links)


def most_sharing(name: str) -> int:
    """How many records may share a key of a name."""
    is_telling = name in _LINKING or name in _TELLING
    return rules.BLOCK_LIMIT if is_telling else rules.CHANCE_LIMIT


def key_sizes(keys: DataFrame) -> DataFrame:
    """How many records share a key.

    Args:
        keys: Rows of `match_keys`; of the keys among them, all.

    Returns:
        One row per key of several records: key, size, most.
    """
    sizes = keys.groupBy("key").agg(F.count(F.lit(1)).alias("size"), F.max("most").alias("most"))
    return sizes.where(F.col("size") > 1)


def crowded_keys(sizes: DataFrame) -> DataFrame:
    """Keys that too many records share to give pairs.

    Args:
        sizes: Rows of `key_sizes`.

    Returns:
        One row per such key: key.
    """
    return sizes.where(F.col("size") > F.col("most")).select("key")


def useful_keys(keys: DataFrame, sizes: DataFrame) -> DataFrame:
    """Node and key of those rows of `match_keys` whose key gives pairs."""
    useful = sizes.where(F.col("size") <= F.col("most")).select("key")
    return useful.join(keys.select(NODE, "key"), "key")


def pairs_with(own: DataFrame, keys: DataFrame) -> DataFrame:
    """Records that share a key with one of some records.

    Args:
        own: Rows of `match_keys` of these records, without crowded keys.
        keys: Rows of `match_keys` of all records.

    Returns:
        One row per pair: `node_1`, the smaller, and `node_2`.
    """
    ours = own.select("key", F.col(NODE).alias("ours"))
    pairs = keys.join(ours, "key").where(F.col(NODE) != F.col("ours"))
    smaller, larger = F.least(NODE, "ours"), F.greatest(NODE, "ours")
    return pairs.select(smaller.alias("node_1"), larger.alias("node_2")).distinct()


def candidate_pairs(keys: DataFrame) -> DataFrame:
    """Records that share a key.

    Args:
        keys: Rows of `useful_keys`.

    Returns:
        One row per pair: `node_1`, the smaller, and `node_2`.
    """
    one = keys.select("key", F.col(NODE).alias("node_1"))
    other = keys.select("key", F.col(NODE).alias("node_2"))
    pairs = one.join(other, "key").where(F.col("node_1") < F.col("node_2"))
    return pairs.select("node_1", "node_2").distinct()


def neighbours(keys: DataFrame, crowded: DataFrame, records: DataFrame) -> DataFrame:
    """Records next to each other, by given name, under crowded keys that may be enough to link.

    Args:
        keys: Rows of `match_keys`; of crowded keys, all.
        crowded: Rows of `crowded_keys`.
        records: Rows of `match_records`.

    Returns:
        One row per pair and key: `node_1`, the smaller, and `node_2`.
    """
    held = linking_keys(keys, crowded).join(records.select(NODE, "first_name"), NODE)
    order = Window.partitionBy("key").orderBy("first_name", NODE)
    beside = held.select(F.col(NODE).alias("one"), F.lead(NODE).over(order).alias("other"))
    return beside.where(F.col("other").isNotNull()).select(
        F.least("one", "other").alias("node_1"), F.greatest("one", "other").alias("node_2")
    )


def linking_keys(keys: DataFrame, among: DataFrame) -> DataFrame:
    """Node and key of those rows of `match_keys` that may be enough to link, of some keys."""
    return keys.where("links").join(among, "key", "left_semi").select(NODE, "key")


def _columns(parts: Parts) -> list[Column]:
    return [
        F.col(part) if isinstance(part, str) else F.substring(part[0], 1, part[1]) for part in parts
    ]


def _all_hashed(keys: dict[str, Parts]) -> list[Column]:
    return [_hashed(name, _columns(parts)) for name, parts in keys.items()]


def _hashed(name: str, parts: list[Column]) -> Column:
    """Null where a part is null."""
    known = reduce(Column.__and__, (part.isNotNull() for part in parts))
    return F.when(known, F.xxhash64(F.lit(name), *parts))


def blocking_rules() -> list[str]:
    """The same keys as blocking rules of Splink: SQL on `l` and `r`, without the limit."""

    def same(part: str | tuple[str, int]) -> str:
        if isinstance(part, str):
            return f"l.{part} = r.{part}"
        name, letters = part
        return f"substr(l.{name}, 1, {letters}) = substr(r.{name}, 1, {letters})"

    rules_ = [" and ".join(same(part) for part in parts) for parts in KEYS.values()]
    return [
        *rules_,
        "l.first_name = r.first_name and l.last_name = r.last_name",
        "l.first_name = r.last_name and l.last_name = r.first_name",
    ]
