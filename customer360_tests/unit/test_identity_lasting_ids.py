"""Ids stay with what they stand for, and are given back when what was put together parts again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from customer360.identity.lasting_ids import Issued, issue_ids, no_members

Clusters = Sequence[Sequence[str]]


def new_id(anchor: str, attempt: int) -> str:
    return f"{anchor}'{attempt}" if attempt else anchor.upper()


def issued(clusters: Clusters, before: pa.Table | None = None) -> Issued:
    rows = [(member, number) for number, cluster in enumerate(clusters) for member in cluster]
    found = pa.table(
        {
            "member": pa.array([member for member, _ in rows], pa.string()),
            "cluster": pa.array([number for _, number in rows], pa.int64()),
        }
    )
    return issue_ids(found, no_members() if before is None else before, new_id)


def after(*runs: Clusters) -> Issued:
    """What comes out of the last of several runs."""
    last = issued(runs[0])
    for clusters in runs[1:]:
        last = issued(clusters, last.members)
    return last


def ids(*runs: Clusters) -> list[str]:
    found: list[str] = after(*runs).ids.to_pylist()
    return found


def whereabouts(outcome: Issued) -> Mapping[str, str | None]:
    return {row["id"]: row["current_id"] for row in outcome.current.to_pylist()}


def test_nothing_has_no_ids() -> None:
    assert ids([]) == []
    assert ids(["a"], []) == []


def test_new_ids_are_made_of_the_first_members() -> None:
    assert ids([["a", "b"], ["c"]]) == ["A", "C"]


def test_an_id_stays_when_smaller_members_join() -> None:
    assert ids([["m", "n"]], [["a", "m", "n"]]) == ["M"]


def test_the_larger_part_keeps_the_id_and_the_other_is_new() -> None:
    assert ids([["a", "b", "c"]], [["a"], ["b", "c"]]) == ["a'1", "A"]


def test_of_equal_parts_the_first_keeps_the_id() -> None:
    assert ids([["a", "b"]], [["a"], ["b"]]) == ["A", "B"]


def test_put_together_they_have_the_id_of_the_larger_and_parted_each_its_own() -> None:
    apart, together = [["a"], ["b", "c"]], [["a", "b", "c"]]
    assert ids(apart, together) == ["B"]
    assert whereabouts(after(apart, together)) == {"A": "B", "B": "B"}
    assert ids(apart, together, apart) == ["A", "B"]
    assert after(apart, together, apart).members == after(apart).members


def test_who_was_taken_in_and_grew_does_not_take_the_id_along() -> None:
    apart, together = [["a", "b"], ["c"]], [["a", "b", "c", "d", "e"]]
    assert ids(apart, together, [["a", "b"], ["c", "d", "e"]]) == ["A", "C"]


def test_taken_in_by_turns_each_gets_its_id_back_in_any_order() -> None:
    apart = [["a", "b", "c"], ["d", "e"], ["f", "g", "h", "i"]]
    first = [["a", "b", "c", "d", "e"], ["f", "g", "h", "i"]]
    all_one = [["a", "b", "c", "d", "e", "f", "g", "h", "i"]]
    assert whereabouts(after(apart, first, all_one)) == {"A": "A", "D": "A", "F": "A"}
    assert ids(apart, first, all_one, [["a", "b", "c", "f", "g", "h", "i"], ["d", "e"]]) == [
        "A",
        "D",
    ]
    assert ids(apart, first, all_one, first) == ["A", "F"]
    assert ids(apart, first, all_one, apart) == ["A", "D", "F"]


def test_chains_of_ids_lead_to_the_one_in_use() -> None:
    four = ["d", "e", "f", "g"]
    outcome = after([["a"], ["b", "c"], four], [["a", "b", "c"], four], [["a", "b", "c", *four]])
    assert whereabouts(outcome) == {"A": "D", "B": "D", "D": "D"}


def test_who_is_gone_and_comes_back_has_the_same_id() -> None:
    gone = after([["a"], ["b"]], [["a"]])
    assert whereabouts(gone) == {"A": "A", "B": None}
    assert ids([["a"], ["b"]], [["a"]], [["a"], ["aa", "b"]]) == ["A", "B"]


def test_an_id_that_somebody_went_off_with_is_not_made_again() -> None:
    # The larger part took A along; what is made of `a` must be another one, each time.
    parted = after([["a", "b", "c"]], [["a"], ["b", "c"]])
    again = issued([["a"], ["b"], ["c"]], issued([["a", "b", "c"]], parted.members).members)
    assert len(set(again.ids.to_pylist())) == 3


members = st.integers(0, 11)
runs = st.lists(st.lists(members, min_size=12, max_size=12), min_size=1, max_size=5)


def grouped(labels: Sequence[int]) -> list[list[str]]:
    """Twelve members by their labels; those of label 0 are not there."""
    found: dict[int, list[str]] = {}
    for place, label in enumerate(labels):
        if label:
            found.setdefault(label, []).append(chr(ord("a") + place))
    return list(found.values())


@given(runs)
@settings(max_examples=300, deadline=None)
def test_ids_are_distinct_stay_and_are_never_lost(labels: list[list[int]]) -> None:
    outcome, ever = issued([]), set[str]()
    for each in labels:
        clusters = grouped(each)
        before = whereabouts(outcome)
        outcome = issued(clusters, outcome.members)
        found = outcome.ids.to_pylist()
        assert len(set(found)) == len(clusters)
        ever |= set(found)
        now = whereabouts(outcome)
        # No id is forgotten, and each leads to one in use or to nobody.
        assert set(now) == ever
        assert {i for i, current in now.items() if i == current} == set(found)
        assert {current for current in now.values() if current} <= set(found)
        assert set(before) <= set(now)
        # The same again changes nothing.
        again = issued(clusters, outcome.members)
        assert again.ids.to_pylist() == found
        assert sorted(map(str, again.members.to_pylist())) == sorted(
            map(str, outcome.members.to_pylist())
        )


@given(st.lists(members, min_size=12, max_size=12), st.permutations(range(12)))
@settings(max_examples=100, deadline=None)
def test_merged_and_parted_again_all_have_the_ids_they_had(
    labels: list[int], order: list[int]
) -> None:
    apart = grouped(labels)
    merged: dict[int, list[str]] = {}
    for number, cluster in enumerate(apart):
        merged.setdefault(order[number] % 3, []).extend(cluster)
    together = [sorted(cluster) for cluster in merged.values()]
    assert ids(apart, together, apart) == ids(apart)
