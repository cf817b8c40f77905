"""Who is one customer: people with the identifiers that are theirs, and strangers.

Pure Arrow and numpy, no engine. People come from `people`; here identifiers get an owner, so that
orders, receipts and tickets follow them. Only distinct combinations of identifiers come here, not
records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from customer360.identity.lasting_ids import CLUSTER, MEMBER, hashed_id
from customer360.identity.people import closure, places
from customer360.identity.rules import ANCHOR_TYPES, LINKING_TYPES

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from customer360.identity.people import People

    Ints = NDArray[np.int64]

MAKES_CUSTOMER = "makes_customer"
RECORDS = "records"
_NOBODY, _CONTESTED = -1, -2


def customer_id(anchor: str, attempt: int = 0) -> str:
    """A new customer's id.

    Args:
        anchor: The customer's first identifier, as `contact_id:K1`.
        attempt: How many ids of this anchor belong to others by now.
    """
    return hashed_id("C", anchor, attempt)


def assign_customers(people: People, carried: pa.Table, combinations: pa.Table) -> pa.Table:
    """Put identifiers into customers.

    A person owns what their records alone carry. What records of several people carry belongs to
    the one whose account has it, else to the one whose name is in the address, else to the one
    with most records that have it, else to nobody. What no person's record carries belongs to the
    person beside whose identifiers it comes up most often; and else to a stranger, with all that
    comes up beside it.

    Args:
        people: Who is one person.
        carried: One row per personal record and identifier that links: `node`, `identifier_type`,
            `identifier_value`, `is_account`, `is_named` (the address has the person's name in it),
            `makes_customer`.
        combinations: Distinct combinations of identifiers found together on other records: a
            string column per type of `ANCHOR_TYPES`, null where there is none; `makes_customer`, 1
            if such a record alone is a customer; `records` that have it.

    Returns:
        One row per identifier that belongs to a customer: `identifier_type`, `identifier_value`,
        `member` (both as one text), `cluster` (number of the customer, from 0). The first row of a
        customer is the anchor of its id: rows are in the order of types, then of texts.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    values = _Values.of(people, carried, combinations)
    persons = values.nodes(people)[people.labels]
    place = places(carried.column("node"), people.nodes, "customer_identifiers")
    owners = _owners(values, people, persons, place, carried)
    codes = values.codes(combinations)
    counts = combinations.column(RECORDS).to_numpy().astype(np.int64)
    makes = combinations.column(MAKES_CUSTOMER).to_numpy() == 1
    customers = _with_strangers(values.total, owners, codes, counts)
    is_customer = np.zeros(values.total, dtype=bool)
    # A record belongs to the owner of its strongest identifier, and makes that one a customer.
    ranked = [codes[ANCHOR_TYPES.index(name)] for name in LINKING_TYPES]
    strongest = np.select([column >= 0 for column in ranked], ranked, _NOBODY)
    is_customer[customers[strongest[makes & (strongest >= 0)]]] = True
    is_customer[persons[place[carried.column(MAKES_CUSTOMER).to_numpy() == 1]]] = True
    kept = is_customer[customers]
    _, clusters = np.unique(customers[kept], return_inverse=True)
    kinds = pa.array(ANCHOR_TYPES, pa.string()).take(pa.array(values.types[kept]))
    texts = values.texts.filter(pa.array(kept))
    return pa.table(
        {
            "identifier_type": kinds,
            "identifier_value": texts,
            MEMBER: pc.binary_join_element_wise(kinds, texts, ":"),
            CLUSTER: pa.array(clusters, pa.int64()),
        }
    )


class _Values(NamedTuple):
    """All identifiers, numbered by type and then by the bytes of their text."""

    by_type: list[Any]
    offsets: list[int]
    types: Ints
    texts: Any

    @property
    def total(self) -> int:
        return len(self.types)

    @classmethod
    def of(cls, people: People, carried: pa.Table, combinations: pa.Table) -> _Values:
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        by_type, offsets = [], [0]
        for name in ANCHOR_TYPES:
            of_type = pc.equal(carried.column("identifier_type"), name)
            own = pc.starts_with(people.nodes, f"{name}:")
            found = pa.concat_arrays(
                [
                    _plain(combinations.column(name)),
                    _plain(carried.column("identifier_value").filter(of_type)),
                    pc.utf8_slice_codeunits(people.nodes.filter(own), len(name) + 1),
                ]
            )
            distinct = pc.unique(found).drop_null()
            by_type.append(distinct.take(pc.sort_indices(distinct)))
            offsets.append(offsets[-1] + len(distinct))
        types = np.repeat(np.arange(len(by_type)), [len(v) for v in by_type])
        return cls(by_type, offsets, types, pa.concat_arrays(by_type))

    def codes(self, combinations: pa.Table) -> list[Ints]:
        """Number of each row's value per type, -1 for none."""
        return [self._numbers(n, combinations.column(name)) for n, name in enumerate(ANCHOR_TYPES)]

    def nodes(self, people: People) -> Ints:
        """Number of each person's node."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        kinds = pc.index_in(
            pc.list_element(pc.split_pattern(people.nodes, ":", max_splits=1), 0),
            value_set=pa.array(ANCHOR_TYPES),
        ).to_numpy(zero_copy_only=False)
        found = np.full(len(people.nodes), _NOBODY, dtype=np.int64)
        for number, name in enumerate(ANCHOR_TYPES):
            of_type = kinds == number
            texts = pc.utf8_slice_codeunits(people.nodes.filter(pa.array(of_type)), len(name) + 1)
            found[of_type] = self._numbers(number, texts)
        return found

    def place(self, carried: pa.Table) -> Ints:
        """Number of each carried value."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        kinds = pc.index_in(carried.column("identifier_type"), value_set=pa.array(ANCHOR_TYPES))
        numbers = kinds.to_numpy().astype(np.int64)
        found = np.full(carried.num_rows, _NOBODY, dtype=np.int64)
        for number in range(len(ANCHOR_TYPES)):
            of_type = numbers == number
            texts = carried.column("identifier_value").filter(pa.array(of_type))
            found[of_type] = self._numbers(number, texts)
        return found

    def _numbers(self, number: int, texts: Any) -> Ints:
        import numpy as np
        import pyarrow.compute as pc

        places = pc.fill_null(pc.index_in(texts, value_set=self.by_type[number]), _NOBODY)
        found: Ints = np.asarray(places.to_numpy(zero_copy_only=False), dtype=np.int64)
        return np.where(found < 0, _NOBODY, found + self.offsets[number])


def _plain(column: Any) -> Any:
    import pyarrow as pa

    column = column.cast(pa.string())
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _owners(values: _Values, people: People, persons: Ints, place: Ints, carried: pa.Table) -> Ints:
    """Each value's owner: number of the value that stands for a person; nobody, or contested.

    Args:
        values: All identifiers.
        people: Who is one person.
        persons: The value that stands for the person of each node.
        place: Place of the node of each carried row.
        carried: As `assign_customers` takes it.
    """
    import numpy as np

    owners = np.full(values.total, _NOBODY, dtype=np.int64)
    owners[values.nodes(people)] = persons
    value, person = values.place(carried), persons[place]
    free = owners[value] == _NOBODY
    value, person = value[free], person[free]
    account, named = (
        carried.column(name).to_numpy().astype(bool)[free] for name in ("is_account", "is_named")
    )
    owners[value] = _CONTESTED
    # From the weakest reason to the strongest, each overrules.
    for rows, alone in ((np.ones(len(value), dtype=bool), False), (named, True), (account, True)):
        of, who, sums, is_first = _ranked(value[rows], person[rows], np.ones(int(rows.sum())))
        starts = np.flatnonzero(is_first)
        following = np.minimum(starts + 1, max(len(of) - 1, 0))
        has_rival = (following > starts) & (of[following] == of[starts])
        wins = ~(has_rival & ((sums[following] == sums[starts]) | alone))
        owners[of[starts[wins]]] = who[starts[wins]]
    return owners


def _with_strangers(count: int, owners: Ints, codes: list[Ints], records: Ints) -> Ints:
    """Customer of each value: the person who owns it or has most to do with it, or a stranger.

    A contested value ties nobody together and is a stranger of its own.
    """
    import numpy as np

    if count == 0:
        return owners
    free = owners == _NOBODY
    first = np.full(len(records), _NOBODY, dtype=np.int64)
    heads, tails = [], []
    for column in codes:
        known = column >= 0
        loose = known.copy()
        loose[known] = free[column[known]]
        tied = loose & (first >= 0)
        heads.append(first[tied])
        tails.append(column[tied])
        first = np.where((first < 0) & loose, column, first)
    head, tail = np.concatenate(heads), np.concatenate(tails)
    component = closure(count, head, tail)
    customers = np.where(owners >= 0, owners, component)
    beside, person, weight = [], [], []
    for column in codes:
        owned = (column >= 0) & (first >= 0)
        owned[owned] = owners[column[owned]] >= 0
        beside.append(component[first[owned]])
        person.append(owners[column[owned]])
        weight.append(records[owned])
    of, who, _, is_first = _ranked(
        np.concatenate(beside), np.concatenate(person), np.concatenate(weight)
    )
    adopted = np.full(count, _NOBODY, dtype=np.int64)
    adopted[of[is_first]] = who[is_first]
    taken = free & (adopted[component] >= 0)
    return np.where(taken, adopted[component], customers)


def _ranked(of: Ints, who: Ints, weight: Any) -> tuple[Ints, Ints, Any, Any]:
    """Distinct pairs with their sums of weights: by `of`, then the heaviest, then the first `who`.

    The last array says which of them is the first of its `of`.
    """
    import numpy as np

    width = int(who.max(initial=0)) + 1
    pairs, place = np.unique(of * width + who, return_inverse=True)
    sums = np.bincount(place, weights=weight, minlength=len(pairs))
    left, right = pairs // width, pairs % width
    order = np.lexsort((right, -sums, left))
    left, right, sums = left[order], right[order], sums[order]
    is_first = np.ones(len(left), dtype=bool)
    is_first[1:] = left[1:] != left[:-1]
    return left, right, sums, is_first
