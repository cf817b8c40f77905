"""Which records are one person: links put together, strongest first, unless somebody contradicts.

Pure Arrow and numpy, no engine. Plain closure would make one person of a couple as soon as a third
record without a given name is linked to both. Here a link is left out that would put two records
together between which a conflict is known; as links come strongest first, it is the weakest link
of the bridge that gives way. What contradicts was decided before (`conflicts`); identifiers, and
the activity that carries them, follow in `clusters`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from customer360.errors import IdentityError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]


class People(NamedTuple):
    """Who is one person.

    Attributes:
        nodes: All nodes, sorted by the bytes of their text.
        labels: Number of the person of each node: the place of the person's first node.
        cut: Links that were left out because of a conflict.
    """

    nodes: pa.Array
    labels: Ints
    cut: int


class Decided(NamedTuple):
    """What people decided about pairs of nodes; nodes that are gone are left out.

    Attributes:
        together: Pairs that are one person, whatever else is known.
        apart: Pairs that are not.
    """

    together: Sequence[tuple[str, str]] = ()
    apart: Sequence[tuple[str, str]] = ()


def find_people(nodes: pa.Array, matches: pa.Table, decided: Decided | None = None) -> People:
    """Put records of one person together.

    The closure is exact and depends neither on the order of rows nor on its depth. Among links of
    equal weight those of an account come first, because who logs in with an address owns it.
    Memory is linear: a node costs its text and some 100 bytes, a match some 100 bytes.

    Args:
        nodes: Distinct nodes.
        matches: `node_1`, `node_2`, `match_weight`, `is_link`, `conflict` (null: none) of pairs;
            as `customer_matches`.
        decided: What people decided. They put together first, and what a rule says against it
            counts for nothing; what they kept apart is a conflict like any other.
    """
    ordered = in_order(nodes)
    decided = decided or Decided()
    forced = closure(len(ordered), *_places(ordered, _standing(ordered, decided.together)))
    pairs = _pairs(ordered, matches, decided.apart, forced)
    kept, cut = _kept_links(ordered, pairs)
    labels = closure(len(ordered), pairs.head[kept], pairs.tail[kept])
    # A group that people put together is told by its first node, which took part for all.
    return People(ordered, labels[forced], cut)


def in_order(texts: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Texts by their bytes, in one piece."""
    import pyarrow as pa
    import pyarrow.compute as pc

    ordered = texts.take(pc.sort_indices(texts))
    return ordered.combine_chunks() if isinstance(ordered, pa.ChunkedArray) else ordered


def _standing(nodes: pa.Array, together: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Pairs of nodes that are there and together by decisions, also through some that are gone."""
    import pyarrow as pa
    import pyarrow.compute as pc

    group = groups(together)
    names = pa.array(sorted(group), pa.string())
    there = nodes.filter(pc.is_in(nodes, value_set=names)).to_pylist()
    first: dict[int, str] = {}
    return [(first.setdefault(group[name], name), name) for name in there]


def groups(pairs: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The number of each text's group, in time that grows as the pairs do."""
    import numpy as np

    names = sorted({name for pair in pairs for name in pair})
    number = {name: place for place, name in enumerate(names)}
    head, tail = (np.array([number[pair[n]] for pair in pairs], dtype=np.int64) for n in (0, 1))
    return dict(zip(names, closure(len(names), head, tail).tolist(), strict=True))


class _Pairs(NamedTuple):
    """Pairs of nodes, by their places; whoever people put together has the place of the first."""

    head: Ints
    tail: Ints
    weight: NDArray[np.float64]
    is_link: Flags
    is_conflict: Flags


def _pairs(
    nodes: pa.Array, matches: pa.Table, apart: Sequence[tuple[str, str]], forced: Ints
) -> _Pairs:
    """The matches, and behind them what people kept apart."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    one, other = _places(nodes, apart)
    head, tail = (
        forced[np.concatenate((places(matches.column(name), nodes, "customer_matches"), decided))]
        for name, decided in (("node_1", one), ("node_2", other))
    )
    nothing = np.zeros(len(one), dtype=bool)
    is_conflict = np.concatenate((pc.is_valid(matches.column("conflict")).to_numpy(), ~nothing))
    weight = matches.column("match_weight").cast(pa.float64()).to_numpy()
    return _Pairs(
        head,
        tail,
        np.concatenate((weight, nothing.astype(np.float64))),
        np.concatenate((matches.column("is_link").to_numpy().astype(bool), nothing)),
        # No rule tears whom people put together.
        is_conflict & (head != tail),
    )


def _kept_links(nodes: pa.Array, pairs: _Pairs) -> tuple[Flags, int]:
    """Which links stay, and how many do not because somebody contradicts."""
    import numpy as np

    is_link = pairs.is_link
    component = closure(len(nodes), pairs.head[is_link], pairs.tail[is_link])
    # A conflict matters where links lead from the one record to the other.
    apart = pairs.is_conflict & (component[pairs.head] == component[pairs.tail])
    is_torn = np.zeros(len(nodes), dtype=bool)
    is_torn[component[pairs.head[apart]]] = True
    doubtful = np.flatnonzero(is_link & is_torn[component[pairs.head]])
    by_account = _is_account(nodes)
    head, tail = pairs.head[doubtful], pairs.tail[doubtful]
    has_account = by_account[head] | by_account[tail]
    order = doubtful[np.lexsort((tail, head, ~has_account, -pairs.weight[doubtful]))]
    stays, cut = _kept_apart(
        pairs.head[order], pairs.tail[order], pairs.head[apart], pairs.tail[apart]
    )
    kept = is_link.copy()
    kept[order[~stays]] = False
    return kept, cut


def places(values: pa.ChunkedArray, known: pa.Array, table: str) -> Ints:
    """Place of each value among those known.

    Args:
        values: Values of a table.
        known: Distinct values.
        table: The table's name, for the error.

    Raises:
        IdentityError: Some are not there: the tables are of two runs.
    """
    import numpy as np
    import pyarrow.compute as pc

    found = pc.index_in(values, value_set=known)
    if found.null_count:
        raise IdentityError(
            f"{table} names {found.null_count:,} records or customers that the tables before it do "
            "not have: they are of another run, which was cut off. Make all anew with "
            "`customer360 run --select 'key:\"silver/customer_identifiers\"+'`."
        )
    return np.asarray(found.to_numpy(), dtype=np.int64)


def _places(nodes: pa.Array, pairs: Sequence[tuple[str, str]]) -> tuple[Ints, Ints]:
    """Places of both nodes of each pair that are there."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    found = [
        pc.fill_null(pc.index_in(pa.array([p[n] for p in pairs], pa.string()), value_set=nodes), -1)
        .to_numpy(zero_copy_only=False)
        .astype(np.int64)
        for n in (0, 1)
    ]
    known = (found[0] >= 0) & (found[1] >= 0)
    return found[0][known], found[1][known]


def _is_account(nodes: pa.Array) -> Flags:
    import pyarrow.compute as pc

    found: Flags = pc.starts_with(nodes, "account_id:").to_numpy(zero_copy_only=False)
    return found


def closure(count: int, head: Ints, tail: Ints) -> Ints:
    """The first node of each node's component.

    Args:
        count: How many nodes there are, numbered from 0.
        head: One end of each tie.
        tail: The other.
    """
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if count == 0:
        return np.zeros(0, dtype=np.int64)
    graph = coo_array((np.ones(len(head), dtype=np.int8), (head, tail)), shape=(count, count))
    _, labels = connected_components(graph.tocsr(), directed=False)
    _, first = np.unique(labels, return_index=True)
    found: Ints = first[labels]
    return found


def _kept_apart(head: Ints, tail: Ints, one: Ints, other: Ints) -> tuple[Flags, int]:
    """Which links, in their order, can be kept without putting together what is apart.

    Only links of components in which something contradicts come here: in the simulated world one
    record of fifty.
    """
    import numpy as np

    enemies: dict[int, set[int]] = {}
    for a, b in zip(one.tolist(), other.tolist(), strict=True):
        enemies.setdefault(a, set()).add(b)
        enemies.setdefault(b, set()).add(a)
    group: dict[int, list[int]] = {}
    kept = np.zeros(len(head), dtype=bool)
    cut = 0
    for place, (a, b) in enumerate(zip(head.tolist(), tail.tolist(), strict=True)):
        first, second = group.setdefault(a, [a]), group.setdefault(b, [b])
        if first is second:
            kept[place] = True
            continue
        if len(first) > len(second):
            first, second = second, first
        # Only the smaller group is walked: who an enemy is with is known by the group itself.
        if any(group.get(foe) is second for node in first for foe in enemies.get(node, ())):
            cut += 1
            continue
        kept[place] = True
        second.extend(first)
        for node in first:
            group[node] = second
    return kept, cut
