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

    from customer360.identity.lasting_ids import Issued
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


def matched(engine: Engine, exchange: Exchange) -> tuple[DataFrame, int]:
    """Find candidates among `match_records` and score them.

    Returns:
        The rows of `customer_matches`, and how many pairs were compared. The rows are in the
        scratch folder: read them before it is closed.
    """
    from customer360.identity import candidates, scoring
    from customer360.resources.match_models import model_in_use

    scored = arrow_schema(contract.MATCH_COLUMNS)
    ddl = contract.ddl(contract.MATCH_COLUMNS)
    records = engine.table(contract.MATCH_RECORDS)
    exchange.keep("records", records)
    found = exchange.keep("keys", candidates.match_keys(records))
    exchange.keep("pairs", candidates.candidate_pairs(found))
    pairs = exchange.arrow("pairs", _PAIR)
    compared = exchange.arrow("records", arrow_schema(contract.MATCH_RECORD_COLUMNS))
    batches = scoring.scored_pairs(compared, pairs, model_in_use(engine.lake))
    rows = exchange.hand_over("scored", (b.cast(scored) for b in batches), scored, ddl)
    return rows, pairs.num_rows


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
    from customer360.identity.people import find_people
    from customer360.resources.identity_decisions import decided
    from customer360.resources.lasting_members import customer_members

    identifiers = engine.table(contract.CUSTOMER_IDENTIFIERS)
    records = engine.table(contract.MATCH_RECORDS)
    exchange.keep("nodes", records.select("node"))
    exchange.keep("matches", matches.select(*_MATCH.names))
    exchange.keep("carried", links.carried_identifiers(identifiers, records))
    exchange.keep("combinations", links.linked_combinations(identifiers))
    nodes = exchange.arrow("nodes", _NODE).column("node")
    people = find_people(nodes, exchange.arrow("matches", _MATCH), decided(engine.lake))
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
