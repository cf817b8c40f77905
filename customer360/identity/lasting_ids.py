"""Ids that stay while what they stand for changes: a cluster keeps the id that most of it had.

Pure Arrow and numpy, no engine. What an id stands for is told by its members: for a customer the
identifiers, for a household the customers. An id that was given up, because its cluster became part
of another, is remembered with the members that it had, and so is what the other consisted of before
it took them in. When both part again, each gets back the id that it had.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

MEMBER, ID, IS_CURRENT, CLUSTER = "member", "id", "is_current", "cluster"
CURRENT_ID = "current_id"
_NONE = -1
_ID_DIGITS: Final = 20


class Issued(NamedTuple):
    """Ids after a run.

    Attributes:
        ids: Id of each cluster.
        members: One row per member of an id: `member`, `id`, `is_current` (else remembered).
        current: One row per id ever issued: `id`, and `current_id`, the id that has most of the
            members it had: itself if it is in use, null when they are gone.
    """

    ids: pa.Array
    members: pa.Table
    current: pa.Table


def hashed_id(letter: str, anchor: str, attempt: int) -> str:
    """A new id: a letter and 80 bits of SHA-256.

    Among a billion ids the odds of one collision are one in two million.

    Args:
        letter: What it is an id of.
        anchor: The first member of what it stands for.
        attempt: How many ids of this anchor belong to others by now.
    """
    text = f"{anchor}#{attempt}" if attempt else anchor
    return f"{letter}{hashlib.sha256(text.encode()).hexdigest()[:_ID_DIGITS]}"


def no_members() -> pa.Table:
    """What is known before the first run."""
    import pyarrow as pa

    texts = pa.array([], pa.string())
    return pa.table({MEMBER: texts, ID: texts, IS_CURRENT: pa.array([], pa.bool_())})


def issue_ids(found: pa.Table, before: pa.Table, new_id: Callable[[str, int], str]) -> Issued:
    """Give every cluster an id: the one that it had, or a new one.

    Of several ids whose members are in one cluster the one with most of them stays; of several
    clusters that members of one id are in, the one keeps it that has most of what the id stood for
    before it took in others, then most of all. Of equals, the one with the first member. Clusters
    that are left get the id that they once had; else a new one. Doing it again with what came out
    changes nothing.

    Args:
        found: One row per member: `member`, distinct, and `cluster`, numbered from 0; the first row
            of a cluster is the one that a new id is made of.
        before: `Issued.members` of the run before.
        new_id: Makes an id of a member and the number of the attempt, from 0, as it may be taken.

    Returns:
        Ids, members and what became of each id ever issued.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    known = _Known.of(found, before)
    clusters = _cluster_numbers(found)
    count = int(clusters.max(initial=_NONE)) + 1
    owner = np.full(count, _NONE, dtype=np.int64)
    _settle(owner, known.overlaps(known.is_living), by_memory=True)
    _settle(owner, known.overlaps(~known.is_living), by_memory=False)
    fresh = np.flatnonzero(owner == _NONE)
    first = np.zeros(count, dtype=np.int64)
    first[clusters[::-1]] = np.arange(len(clusters))[::-1]
    anchors = found.column(MEMBER).take(pa.array(first[fresh])).to_pylist()
    made = pa.array([new_id(anchor, 0) for anchor in anchors], pa.string())
    clashing = pc.is_in(made, value_set=known.ids)
    free = [
        _free_id(anchors[n], known.ids, new_id) for n in np.flatnonzero(clashing.to_numpy(False))
    ]
    made = pc.replace_with_mask(made, clashing, pa.array(free, pa.string()))
    owner[fresh] = len(known.ids) + np.arange(len(fresh))
    all_ids = pa.concat_arrays([known.ids, made])
    ids = all_ids.take(pa.array(owner))
    in_use = np.zeros(len(all_ids), dtype=bool)
    in_use[owner] = True
    now = known.whereabouts(owner, in_use)
    current = pa.table({ID: all_ids, CURRENT_ID: all_ids.take(pa.array(now, mask=now == _NONE))})
    remembered = pa.array(known.remembered(in_use, now))
    held = pa.table({MEMBER: _plain(found.column(MEMBER)), ID: ids.take(pa.array(clusters))})
    past = pa.table({MEMBER: known.members, ID: known.ids_of_rows}).filter(remembered)
    rows = pa.concat_tables([held, past]).combine_chunks()
    is_current = pa.array(np.arange(rows.num_rows) < held.num_rows)
    return Issued(ids, rows.append_column(IS_CURRENT, is_current), current)


class _Overlaps(NamedTuple):
    """How much of what an id stands for is in a cluster: one row per pair with something in common.

    `first` is the place of the first member in common, `held` counts those that the id has, and
    `own` those that it had before it took in others.
    """

    owner: Ints
    cluster: Ints
    held: Ints
    own: Ints
    first: Ints

    def where(self, rows: Flags | NDArray[np.intp]) -> _Overlaps:
        """Some rows, or all in another order."""
        return _Overlaps(*(column[rows] for column in self))


class _Known(NamedTuple):
    """The run before: ids by their texts, and rows of members with the number of id and cluster."""

    ids: pa.Array
    members: pa.Array
    ids_of_rows: pa.Array
    owner: Ints
    cluster: Ints
    place: Ints
    is_current: Flags
    is_living: Flags

    @classmethod
    def of(cls, found: pa.Table, before: pa.Table) -> _Known:
        import numpy as np
        import pyarrow.compute as pc

        members, texts = _plain(before.column(MEMBER)), _plain(before.column(ID))
        distinct = pc.unique(texts)
        ids = distinct.take(pc.sort_indices(distinct))
        owner = _numbers(texts, ids)
        place = _numbers(members, _plain(found.column(MEMBER)))
        clusters = np.append(_cluster_numbers(found), _NONE)
        is_current = before.column(IS_CURRENT).to_numpy().astype(bool)
        is_living = np.zeros(len(ids), dtype=bool)
        is_living[owner[is_current]] = True
        return cls(ids, members, texts, owner, clusters[place], place, is_current, is_living)

    def overlaps(self, chosen: Flags) -> _Overlaps:
        """Of the ids that are chosen."""
        import numpy as np

        rows = chosen[self.owner] & (self.cluster != _NONE)
        owner, cluster, place = self.owner[rows], self.cluster[rows], self.place[rows]
        held = self.is_current[rows] | ~self.is_living[owner]
        width = int(cluster.max(initial=0)) + 1
        pairs, which = np.unique(owner * width + cluster, return_inverse=True)
        first = np.full(len(pairs), np.iinfo(np.int64).max)
        np.minimum.at(first, which, place)
        has, own = (np.bincount(which[one], minlength=len(pairs)) for one in (held, ~held))
        return _Overlaps(pairs // width, pairs % width, has, own, first)

    def whereabouts(self, owner: Ints, in_use: Flags) -> Ints:
        """For each id the number of the id that has most of its members, -1 for none."""
        import numpy as np

        now = np.where(in_use, np.arange(len(in_use)), _NONE)
        idle = ~in_use[: len(self.ids)]
        lost = self.overlaps(idle)
        lost = lost.where(lost.held > 0)
        lost = lost.where(np.lexsort((lost.first, -lost.held, lost.owner)))
        firsts = _first_of_each(lost.owner)
        now[lost.owner[firsts]] = owner[lost.cluster[firsts]]
        return now

    def remembered(self, in_use: Flags, now: Ints) -> Flags:
        """Which rows still have to be known.

        Those of ids that are not in use any more, as they were last; and of ids that took in such
        ones, as they were before.
        """
        import numpy as np

        count = len(self.ids)
        idle = ~in_use[:count]
        took_in = np.zeros(len(in_use), dtype=bool)
        took_in[now[:count][idle & (now[:count] != _NONE)]] = True
        has_memory = np.zeros(count, dtype=bool)
        has_memory[self.owner[~self.is_current]] = True
        last = self.is_current | ~self.is_living[self.owner]
        before = ~self.is_current | ~has_memory[self.owner]
        kept: Flags = np.where(idle[self.owner], last, took_in[self.owner] & before)
        return kept


def _settle(owner: Ints, pairs: _Overlaps, *, by_memory: bool) -> None:
    """Give clusters that have no owner yet one of the ids that have something in common with them.

    Each id goes for the cluster that has most of it, each cluster takes of these the id with most
    in it, and who is left goes on among what is left.
    """
    import numpy as np

    pairs = pairs.where(owner[pairs.cluster] == _NONE)
    while len(pairs.owner):
        own = pairs.own if by_memory else np.zeros_like(pairs.own)
        pairs = pairs.where(np.lexsort((pairs.first, -pairs.held, -own, pairs.owner)))
        wanted = pairs.where(_first_of_each(pairs.owner))
        wanted = wanted.where(
            np.lexsort((wanted.owner, wanted.first, -wanted.held, wanted.cluster))
        )
        taken = wanted.where(_first_of_each(wanted.cluster))
        owner[taken.cluster] = taken.owner
        pairs = pairs.where((owner[pairs.cluster] == _NONE) & ~np.isin(pairs.owner, taken.owner))


def _first_of_each(ordered: Ints) -> Flags:
    """Which of the numbers, equal ones side by side, are the first of their kind."""
    import numpy as np

    is_first = np.ones(len(ordered), dtype=bool)
    is_first[1:] = ordered[1:] != ordered[:-1]
    return is_first


def _free_id(anchor: str, taken: pa.Array, new_id: Callable[[str, int], str]) -> str:
    """The first id of an anchor that was never issued: another customer has gone off with those."""
    import pyarrow.compute as pc

    attempt = 1
    while pc.index(taken, made := new_id(anchor, attempt)).as_py() >= 0:
        attempt += 1
    return made


def _numbers(values: pa.Array, known: pa.Array) -> Ints:
    """Place of each value among those known, -1 for none."""
    import numpy as np
    import pyarrow.compute as pc

    found = pc.fill_null(pc.index_in(values, value_set=known), _NONE)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int64)


def _cluster_numbers(found: pa.Table) -> Ints:
    import numpy as np

    return np.asarray(found.column(CLUSTER).to_numpy(), dtype=np.int64)


def _plain(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    import pyarrow as pa

    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
