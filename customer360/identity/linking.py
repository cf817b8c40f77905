"""From records to match to who is one customer, without writing a table.

Used by the steps of `resolve`, which replace tables with it, and by the preview, which does not.
How pairs are found, scored and put together is in the modules imported here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import pyarrow as pa

from customer360.identity import contract, rules
from customer360.identity.exchange import Exchange

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from customer360.identity.increment import Increment
    from customer360.identity.lasting_ids import Issued
    from customer360.identity.match_model import MatchModel
    from customer360.identity.people import People
    from customer360.resources.session import Engine

_ARROW: Final = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", "UTC"),
    "decimal(9,4)": pa.decimal128(9, 4),
}


def arrow_schema(columns: tuple[contract.Column, ...], *names: str) -> pa.Schema:
    """Arrow schema of an identity table, or of those of its columns that are named."""
    return pa.schema([(c.name, _ARROW[c.kind]) for c in columns if not names or c.name in names])


_PAIR: Final = arrow_schema(contract.MATCH_COLUMNS, "node_1", "node_2")
_MATCH: Final = arrow_schema(
    contract.MATCH_COLUMNS, "node_1", "node_2", "match_weight", "is_link", "conflict"
)
_NODE: Final = arrow_schema(contract.MATCH_RECORD_COLUMNS, "node")
_CARRIED: Final = pa.schema(
    [
        ("node", pa.string()),
        ("identifier_type", pa.string()),
        ("identifier_value", pa.string()),
        ("is_account", pa.bool_()),
        ("is_named", pa.bool_()),
        ("makes_customer", pa.int32()),
    ]
)
_COMBINATION: Final = pa.schema(
    [(name, pa.string()) for name in rules.LINKING_TYPES]
    + [("makes_customer", pa.int32()), ("records", pa.int64())]
)


class Matched(NamedTuple):
    """What `customer_matches` is, and what to remember of how it was made.

    Attributes:
        rows: Rows of `customer_matches`; in the scratch folder, like all rows here.
        compared: How many pairs were compared now; others stand as they were.
        increment: What has changed since the matching before.
        basis: Fingerprint of what matching went by.
    """

    rows: DataFrame
    compared: int
    increment: Increment
    basis: str


def matched(engine: Engine, exchange: Exchange, *, scores_in_engine: bool | None = None) -> Matched:
    """Find candidates among `match_records` and score them, as far as something has changed.

    Args:
        engine: The open engine.
        exchange: Scratch folder.
        scores_in_engine: Which of Splink's backends: Spark on the engine, or DuckDB in the run
            process; by default what the engine is made for.
    """
    from customer360.identity.increment import basis, find_increment
    from customer360.identity.scoring_in_engine import scored_in_engine
    from customer360.resources.match_models import model_in_use

    records = engine.table(contract.MATCH_RECORDS)
    size = engine.lake.row_count(contract.MATCH_RECORDS)
    model = model_in_use(engine.lake)
    goes_by = basis(model, size)
    found = find_increment(exchange, records, goes_by)
    in_engine = engine.is_cluster if scores_in_engine is None else scores_in_engine
    if in_engine:
        compared = records if found.compared is None else found.compared
        rows = scored_in_engine(exchange, compared, found.pairs, model, size)
    else:
        rows = _scored_here(exchange, found, model, size)
    if found.standing is not None:
        rows = found.standing.select(*rows.columns).unionByName(rows)
    return Matched(rows, exchange.count("pairs"), found, goes_by)


def _scored_here(exchange: Exchange, found: Increment, model: MatchModel, size: int) -> DataFrame:
    """Score the pairs that are kept, with DuckDB in the run process; as `scored_in_engine`."""
    from customer360.identity.scoring import scored_pairs

    ddl = contract.ddl(contract.MATCH_COLUMNS)
    scored = arrow_schema(contract.MATCH_COLUMNS)
    if found.compared is None:
        records = exchange.engine.lake.dataset(contract.MATCH_RECORDS)
    else:
        records = exchange.dataset("compared", arrow_schema(contract.MATCH_RECORD_COLUMNS))
    batches = scored_pairs(records, exchange.dataset("pairs", _PAIR), model, size)
    return exchange.hand_over("scored", (b.cast(scored) for b in batches), scored, ddl)


class Proposal(NamedTuple):
    """Who would be which customer.

    Attributes:
        found: Rows of `clusters.assign_customers`.
        before: What ids stood for in the run before.
        issued: The ids, and what they stand for.
        moves: Rows of `change.moves`.
        counts: Those of `resolve.build_crosswalk` that are about people and identifiers.
    """

    found: pa.Table
    before: pa.Table
    issued: Issued
    moves: pa.Table
    counts: dict[str, int]


def closed(engine: Engine, exchange: Exchange, matches: DataFrame) -> People:
    """Put records to match together into people, by links and decisions.

    Args:
        engine: The open engine; `match_records` is read.
        exchange: Scratch folder.
        matches: Rows of `customer_matches`.
    """
    from customer360.identity.people import find_people
    from customer360.resources.identity_decisions import decided

    exchange.keep("nodes", engine.table(contract.MATCH_RECORDS).select("node"))
    exchange.keep("matches", matches.select(*_MATCH.names))
    nodes = exchange.arrow("nodes", _NODE).column("node")
    return find_people(nodes, exchange.arrow("matches", _MATCH), decided(engine.lake))


def propose(engine: Engine, exchange: Exchange, matches: DataFrame) -> Proposal:
    """Put people together, give identifiers their owners, and customers their ids.

    Args:
        engine: The open engine; `customer_identifiers` and `match_records` are read.
        exchange: Scratch folder.
        matches: Rows of `customer_matches`.
    """
    import numpy as np
    import pyarrow.compute as pc

    from customer360.identity import clusters, links
    from customer360.identity.change import moves
    from customer360.identity.lasting_ids import CLUSTER, issue_ids
    from customer360.resources.lasting_members import customer_members

    identifiers = engine.table(contract.CUSTOMER_IDENTIFIERS)
    records = engine.table(contract.MATCH_RECORDS)
    people = closed(engine, exchange, matches)
    exchange.keep("carried", links.carried_identifiers(identifiers, records))
    exchange.keep("combinations", links.linked_combinations(identifiers))
    combinations = exchange.arrow("combinations", _COMBINATION)
    carried = exchange.arrow("carried", _CARRIED)
    found = clusters.assign_customers(people, carried, combinations)
    before = customer_members(engine.lake)
    issued = issue_ids(found, before, clusters.customer_id)
    sizes = pc.value_counts(found.column(CLUSTER)).field("counts")
    counts = {
        "people": len(np.unique(people.labels)),
        "cut_links": people.cut,
        "combinations": combinations.num_rows,
        "clustered_values": found.num_rows,
        "most_values": pc.max(sizes).as_py() or 0,
    }
    return Proposal(found, before, issued, moves(people.nodes, found, before, issued), counts)
