"""What of the matching before still holds, and which records have to be compared again.

A row of `customer_matches` depends on its two records, on what matching goes by (`basis`), and on
which keys too many records share. So records are remembered as they were compared, and keys that
were too common. Compared again are the pairs of whoever is new, gone or different, and pairs that
share a key which has become too common or is not any more, and neighbours in crowds. Every other
pair stands: what a day
changes ends in the rows that matching everything would make. Nothing here writes a table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING, Final, NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from customer360.identity import candidates
from customer360.identity.contract import CUSTOMER_MATCHES, MATCH_RECORD_COLUMNS, Column
from customer360.identity.match_records import NODE
from customer360.resources import match_marks
from customer360.resources.match_marks import CROWDED_KEYS, MATCHED_RECORDS

if TYPE_CHECKING:
    from customer360.identity.exchange import Exchange
    from customer360.identity.match_model import MatchModel
    from customer360.keys import TableKey

MATCHED_RECORD_COLUMNS: Final = (
    Column(NODE, "string", "Node of a record that was matched."),
    Column("fingerprint", "bigint", "Changes with everything that the record says."),
)
CROWDED_KEY_COLUMNS: Final = (
    Column("key", candidates.KEY_TYPE, "Key that too many records shared to give pairs."),
)
_PAIR: Final = ["node_1", "node_2"]
_ABSENT: Final = "\x00"
# What decides about rows of `customer_matches`, beside the records.
_DECISIVE: Final = (
    "candidates", "comparisons", "conflicts", "contract", "increment", "match_model", "rules",
    "scoring", "scoring_in_engine",
)  # fmt: skip
_LIBRARIES: Final = ("splink", "duckdb")


class Increment(NamedTuple):
    """What has to be compared.

    Attributes:
        changed: How many records are new, gone or different; all of them without a matching before.
        pairs: Pairs to compare: node_1, node_2.
        compared: Rows of `match_records`, at least those of the pairs; None: all of them.
        standing: Rows of `customer_matches` that stay as they are; None: there are none.
        records: Rows of `matched_records` from now on.
        crowded: Rows of `crowded_keys` from now on.
    """

    changed: int
    pairs: DataFrame
    compared: DataFrame | None
    standing: DataFrame | None
    records: DataFrame
    crowded: DataFrame


def remembered(found: Increment) -> Iterator[tuple[TableKey, tuple[Column, ...], DataFrame]]:
    """The tables that remember what was matched, with their columns and rows."""
    yield MATCHED_RECORDS, MATCHED_RECORD_COLUMNS, found.records
    yield CROWDED_KEYS, CROWDED_KEY_COLUMNS, found.crowded


def basis(model: MatchModel, records: int) -> str:
    """Fingerprint of everything but records that a row of `customer_matches` depends on.

    Args:
        model: The model in use.
        records: How many records there are; the fingerprint changes with their size class.
    """
    digest = hashlib.sha256(f"{model.json()}{model.prior(records)!r}".encode())
    for library in _LIBRARIES:
        digest.update(f"{library}={version(library)}".encode())
    for module in _DECISIVE:
        digest.update(files("customer360.identity").joinpath(f"{module}.py").read_bytes())
    return digest.hexdigest()


def fingerprints(records: DataFrame) -> DataFrame:
    """Rows of `matched_records`: what the given records say.

    Args:
        records: Rows of `match_records`.
    """
    # The hash of several columns leaves null ones out: a value could move to the next column.
    told = [F.coalesce(c.name, F.lit(_ABSENT)) for c in MATCH_RECORD_COLUMNS if c.name != NODE]
    return records.select(NODE, F.xxhash64(*told).alias("fingerprint"))


def changed_nodes(now: DataFrame, before: DataFrame) -> DataFrame:
    """Nodes that are new, gone or different between two states of `matched_records`."""
    then = before.select(NODE, F.col("fingerprint").alias("fingerprint_before"))
    both = now.join(then, NODE, "full")
    return both.where(~F.col("fingerprint").eqNullSafe(F.col("fingerprint_before"))).select(NODE)


def find_increment(exchange: Exchange, records: DataFrame, basis_now: str) -> Increment:
    """Find out what has to be compared, as the lake is now.

    Args:
        exchange: Scratch folder; what is returned is there.
        records: Rows of `match_records`.
        basis_now: Fingerprint of what matching goes by.
    """
    now = exchange.keep("fingerprints", fingerprints(records))
    if not match_marks.stands(exchange.engine.lake, basis_now):
        return _everything(exchange, records, now)
    return _since_before(exchange, records, now)


def _everything(exchange: Exchange, records: DataFrame, now: DataFrame) -> Increment:
    found = exchange.keep("keys", candidates.match_keys(records))
    sizes = exchange.keep("sizes", candidates.key_sizes(found))
    crowded = exchange.keep("crowded", candidates.crowded_keys(sizes))
    useful = exchange.keep("useful", candidates.useful_keys(found, sizes))
    beside = candidates.neighbours(found, crowded, records)
    everyone = candidates.candidate_pairs(useful).unionByName(beside).distinct()
    pairs = exchange.keep("pairs", everyone)
    return Increment(exchange.count("fingerprints"), pairs, None, None, now, crowded)


def _since_before(exchange: Exchange, records: DataFrame, now: DataFrame) -> Increment:
    engine = exchange.engine
    crowded_before = engine.table(CROWDED_KEYS)
    changed = exchange.keep("changed", changed_nodes(now, engine.table(MATCHED_RECORDS)))
    own = exchange.keep("own", candidates.match_keys(changed.join(records, NODE)))
    # A key that is crowded now was so before, or a changed record has it.
    watched = own.select("key").unionByName(crowded_before).distinct()
    holders = exchange.keep("holders", watched.join(candidates.match_keys(records), "key"))
    crowded = exchange.keep("crowded", candidates.crowded_keys(candidates.key_sizes(holders)))

    crossing = _moved(exchange, holders, changed, crowded, crowded_before)
    # Who is beside whom in a crowd depends on all of it.
    in_crowds = candidates.linking_keys(holders, crowded.unionByName(crowded_before).distinct())
    beside_before = _under_one_key(engine.table(CUSTOMER_MATCHES), in_crowds)
    moved = exchange.keep("moved", crossing.unionByName(beside_before).distinct())
    kept_together = _sharing(moved, records, crowded)
    theirs = candidates.pairs_with(own.join(crowded, "key", "left_anti"), holders)
    beside = candidates.neighbours(holders, crowded, records)
    found = theirs.unionByName(kept_together).unionByName(beside).distinct()
    pairs = exchange.keep("pairs", found)

    standing = engine.table(CUSTOMER_MATCHES).join(moved, _PAIR, "left_anti")
    for name in _PAIR:
        node = changed.select(F.col(NODE).alias(name))
        standing = standing.join(node, name, "left_anti")
    nodes = pairs.select(F.col("node_1").alias(NODE)).unionByName(
        pairs.select(F.col("node_2").alias(NODE))
    )
    compared = exchange.keep("compared", nodes.distinct().join(records, NODE))
    compared = compared.select(*records.columns)
    return Increment(exchange.count("changed"), pairs, compared, standing, now, crowded)


def _moved(
    exchange: Exchange,
    holders: DataFrame,
    changed: DataFrame,
    crowded: DataFrame,
    crowded_before: DataFrame,
) -> DataFrame:
    """Pairs of unchanged records that share a key which became too common, or is not any more.

    Of such a key no more unchanged records are there than may share it: they were as many before.
    """
    crossed = _differing(exchange, crowded, crowded_before)
    members = crossed.join(holders, "key").join(changed, NODE, "left_anti")
    return candidates.candidate_pairs(exchange.keep("members", members))


def _sharing(pairs: DataFrame, records: DataFrame, crowded: DataFrame) -> DataFrame:
    """Those of the pairs that share a key which is not crowded."""
    nodes = [pairs.select(F.col(name).alias(NODE)) for name in _PAIR]
    theirs = nodes[0].unionByName(nodes[1]).distinct().join(records, NODE)
    useful = candidates.match_keys(theirs).join(crowded, "key", "left_anti")
    return _under_one_key(pairs, useful.select(NODE, "key"))


def _under_one_key(pairs: DataFrame, held: DataFrame) -> DataFrame:
    """Those of the pairs whose records share one of the keys that are held."""
    one, other = (held.select("key", F.col(NODE).alias(name)) for name in _PAIR)
    return pairs.join(one, "node_1").join(other, ["node_2", "key"]).select(*_PAIR).distinct()


def _differing(exchange: Exchange, one: DataFrame, other: DataFrame) -> DataFrame:
    """Keys that only one of two sets has."""
    only = one.join(other, "key", "left_anti")
    return exchange.keep("crossed", only.unionByName(other.join(one, "key", "left_anti")))
