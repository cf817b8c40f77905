"""Who is one customer: the connected components of identifiers, and the id of each.

Pure Arrow and numpy, no engine. An identifier is a node, a record ties the identifiers it carries
together; so only distinct combinations of identifiers come here, not records. What links and what
does not was decided before (`identifiers`). Probabilistic edges of a later version enter here as
further edges.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from customer360.identity.rules import ANCHOR_TYPES

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

MAKES_CUSTOMER = "makes_customer"
_ID_DIGITS = 20


def customer_id(identifier_type: str, value: str) -> str:
    """Id of the customer whose anchor is this identifier.

    80 bits of SHA-256: among a billion customers the odds of one collision are one in two million.
    """
    digest = hashlib.sha256(f"{identifier_type}:{value}".encode()).hexdigest()
    return f"C{digest[:_ID_DIGITS]}"


def assign_customers(combinations: pa.Table) -> pa.Table:
    """Put identifiers into customers.

    The transitive closure is exact and does not depend on the order of rows: a chain of any length
    is one customer. Memory is linear: each distinct identifier costs its text and about 60 bytes,
    each combination its texts and about 100 bytes, so 10 million of both need some 4 GB.

    Args:
        combinations: Distinct combinations of identifiers found together on a record: a string
            column per type of `ANCHOR_TYPES`, null where the record has none, and integer
            `makes_customer`, 1 if such a record alone is a customer.

    Returns:
        One row per identifier that belongs to a customer: `identifier_type`, `identifier_value`,
        `customer_id`. Components in which nothing makes a customer are left out.
    """
    import numpy as np
    import pyarrow as pa

    values, codes = _encode(combinations)
    count = sum(len(v) for v in values)
    labels, first = _components(codes, count)
    makes = combinations.column(MAKES_CUSTOMER).to_numpy() == 1
    is_customer = np.zeros(count, dtype=bool)
    is_customer[labels[first[makes & (first >= 0)]]] = True
    # Nodes are numbered by type and then by value, so a component's first node is its anchor.
    components, anchors = np.unique(labels, return_index=True)
    types = np.repeat(np.arange(len(values)), [len(v) for v in values])
    texts = pa.concat_arrays(values)
    ids = [
        customer_id(ANCHOR_TYPES[types[anchor]], texts[int(anchor)].as_py())
        if is_customer[component]
        else None
        for component, anchor in zip(components, anchors, strict=True)
    ]
    owners = pa.array(ids, pa.string()).take(pa.array(labels))
    table = pa.table(
        {
            "identifier_type": pa.array(ANCHOR_TYPES, pa.string()).take(pa.array(types)),
            "identifier_value": texts,
            "customer_id": owners,
        }
    )
    return table.filter(owners.is_valid())


def _encode(combinations: pa.Table) -> tuple[list[pa.Array], list[NDArray[np.int64]]]:
    """Sorted distinct values of each type, and each row's node number per type (-1 for none)."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    values: list[Any] = []
    codes: list[NDArray[np.int64]] = []
    offset = 0
    for name in ANCHOR_TYPES:
        column = combinations.column(name).cast(pa.string())
        distinct = pc.unique(column).drop_null()
        # Byte order of UTF-8, whatever the locale.
        ordered = distinct.take(pc.sort_indices(distinct))
        places = pc.fill_null(pc.index_in(column, value_set=ordered), -1)
        numbers = np.asarray(places.to_numpy(), dtype=np.int64)
        codes.append(np.where(numbers < 0, -1, numbers + offset))
        values.append(ordered)
        offset += len(ordered)
    return values, codes


def _components(
    codes: list[NDArray[np.int64]], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Component of each node, and the first node of each row (-1 for none)."""
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    first = np.full(len(codes[0]), -1, dtype=np.int64)
    heads, tails = [], []
    for column in codes:
        tied = (first >= 0) & (column >= 0)
        heads.append(first[tied])
        tails.append(column[tied])
        first = np.where(first < 0, column, first)
    if count == 0:
        return np.zeros(0, dtype=np.int64), first
    head, tail = np.concatenate(heads), np.concatenate(tails)
    graph = coo_array((np.ones(len(head), dtype=np.int8), (head, tail)), shape=(count, count))
    _, labels = connected_components(graph.tocsr(), directed=False)
    return labels.astype(np.int64), first
