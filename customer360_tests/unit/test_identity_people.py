"""Which records are one person: exact, at any depth, in any order; conflicts cut bridges."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer360.errors import IdentityError
from customer360.identity.people import Decided, People, find_people


class Match(NamedTuple):
    one: str
    other: str
    weight: float = 10.0
    conflict: str | None = None


def found(nodes: Iterable[str], matches: Sequence[Match], decided: Decided | None = None) -> People:
    table = pa.table(
        {
            "node_1": pa.array([m.one for m in matches], pa.string()),
            "node_2": pa.array([m.other for m in matches], pa.string()),
            "match_weight": pa.array(
                [Decimal(str(round(m.weight, 4))) for m in matches], pa.decimal128(9, 4)
            ),
            "is_link": pa.array([m.conflict is None for m in matches], pa.bool_()),
            "conflict": pa.array([m.conflict for m in matches], pa.string()),
        }
    )
    return find_people(pa.array(list(nodes), pa.string()), table, decided)


def groups(
    nodes: Iterable[str], matches: Sequence[Match], decided: Decided | None = None
) -> set[frozenset[str]]:
    people = found(nodes, matches, decided)
    sets: dict[int, set[str]] = {}
    for node, label in zip(people.nodes.to_pylist(), people.labels.tolist(), strict=True):
        sets.setdefault(label, set()).add(node)
    return {frozenset(members) for members in sets.values()}


def sets(*members: str) -> set[frozenset[str]]:
    return {frozenset(text.split()) for text in members}


def test_nobody_is_nobody() -> None:
    assert groups([], []) == set()


def test_records_without_a_link_are_people_of_their_own() -> None:
    assert groups(["a", "b"], []) == sets("a", "b")


def test_a_person_is_named_by_the_place_of_the_first_node() -> None:
    people = found(["c", "b", "a"], [Match("b", "c")])
    assert people.nodes.to_pylist() == ["a", "b", "c"]
    assert people.labels.tolist() == [0, 1, 1]


def test_chain_of_a_thousand_links_is_one_person() -> None:
    names = [f"{n:04}" for n in range(1001)]
    chain = [Match(a, b) for a, b in pairwise(names)]
    assert groups(names, chain) == {frozenset(names)}
    assert len(groups(names, [m for m in chain if m.one != "0500"])) == 2


def test_star_of_a_hundred_thousand_is_one_person() -> None:
    names = [f"{n:06}" for n in range(100_001)]
    people = found(names, [Match("000000", name) for name in names[1:]])
    assert set(people.labels.tolist()) == {0}


def test_a_bridge_between_people_who_contradict_is_cut_at_its_weakest_link() -> None:
    couple = [
        Match("anna1", "anna2", 20),
        Match("anna2", "nameless", 6),
        Match("ben1", "nameless", 9),
        Match("anna1", "ben1", 12, conflict="given_names"),
    ]
    nodes = ["anna1", "anna2", "ben1", "nameless"]
    assert groups(nodes, couple) == sets("anna1 anna2", "ben1 nameless")
    assert found(nodes, couple).cut == 1
    # Without the contradiction the same links are one person.
    assert groups(nodes, couple[:-1]) == sets("anna1 anna2 ben1 nameless")


def test_a_conflict_between_records_that_no_link_connects_changes_nothing() -> None:
    apart = [Match("a", "b"), Match("c", "d"), Match("b", "c", conflict="cards")]
    assert groups("abcd", apart) == sets("a b", "c d")
    assert found("abcd", apart).cut == 0


def test_a_conflict_deep_inside_two_groups_keeps_them_apart() -> None:
    matches = [
        *(Match(f"a{n}", f"a{n + 1}", 20) for n in range(50)),
        *(Match(f"b{n}", f"b{n + 1}", 20) for n in range(50)),
        Match("a50", "b50", 5),
        Match("a0", "b0", conflict="birth_dates"),
    ]
    names = [f"{letter}{n}" for letter in "ab" for n in range(51)]
    assert len(groups(names, matches)) == 2


def test_of_equal_links_that_of_an_account_comes_first() -> None:
    matches = [
        Match("contact_id:K5", "social_handle:n|x", 5),
        Match("account_id:A4", "social_handle:n|x", 5),
        Match("account_id:A4", "contact_id:K5", conflict="given_names"),
    ]
    nodes = ["account_id:A4", "contact_id:K5", "social_handle:n|x"]
    assert groups(nodes, matches) == sets("account_id:A4 social_handle:n|x", "contact_id:K5")


def test_what_people_put_together_is_one_whatever_rules_say() -> None:
    conflict = [Match("a", "b", 9, conflict="given_names"), Match("b", "c", 9)]
    assert groups("abc", conflict, Decided(together=[("a", "b")])) == sets("a b c")
    # What speaks against another record of theirs goes on to count.
    assert groups("abc", conflict, Decided(together=[("a", "c")])) == sets("a c", "b")
    assert groups("abcd", [], Decided(together=[("a", "d"), ("d", "b")])) == sets("a b d", "c")


def test_what_people_kept_apart_is_cut_at_the_weakest_link() -> None:
    chain = [Match("a", "b", 9), Match("b", "c", 5), Match("c", "d", 8)]
    assert groups("abcd", chain, Decided(apart=[("a", "d")])) == sets("a b", "c d")
    # Also where the strongest evidence speaks for it.
    assert groups("ab", [Match("a", "b", 60)], Decided(apart=[("a", "b")])) == sets("a", "b")


def test_what_people_put_together_stays_apart_from_others() -> None:
    decided = Decided(together=[("a", "b")], apart=[("b", "c")])
    assert groups("abc", [Match("a", "c", 60)], decided) == sets("a b", "c")


def test_decisions_about_records_that_are_gone_count_for_nothing() -> None:
    decided = Decided(together=[("a", "gone")], apart=[("gone", "b")])
    assert groups("ab", [Match("a", "b")], decided) == sets("a b")


def test_what_people_put_together_stays_so_when_one_of_them_goes() -> None:
    decided = Decided(together=[("gone", "b"), ("c", "gone")])
    assert groups("abc", [], decided) == sets("a", "b c")


def test_ten_thousand_records_that_people_put_together_are_one_person() -> None:
    names = [f"{n:05}" for n in range(10_001)]
    assert groups(names, [], Decided(together=[*pairwise(names)])) == {frozenset(names)}


def test_matches_of_another_run_are_named() -> None:
    with pytest.raises(IdentityError, match="customer_matches names 1 records"):
        found("ab", [Match("a", "vanished")])


few = st.sampled_from("abcdefgh")
pairs = st.lists(
    st.builds(
        lambda one, other, weight, apart: Match(
            min(one, other), max(one, other), weight, "x" if apart else None
        ),
        few,
        few,
        st.integers(5, 8),
        st.sampled_from([True, False, False, False]),
    ).filter(lambda m: m.one != m.other),
    max_size=20,
    unique_by=lambda m: (m.one, m.other),
)


def by_hand(matches: Sequence[Match]) -> set[frozenset[str]]:
    """The same by merging sets, the strongest link first."""
    people = [{name} for name in "abcdefgh"]
    apart = [(m.one, m.other) for m in matches if m.conflict]
    links = [m for m in matches if not m.conflict]
    for link in sorted(links, key=lambda m: (-m.weight, m.one, m.other)):
        one = next(p for p in people if link.one in p)
        other = next(p for p in people if link.other in p)
        union = one | other
        if one is not other and not any(a in union and b in union for a, b in apart):
            people = [p for p in people if p is not one and p is not other] + [union]
    return {frozenset(p) for p in people}


@settings(max_examples=300, deadline=None)
@given(matches=pairs, seed=st.integers(0, 1000))
def test_people_are_those_by_hand_in_any_order_of_rows(matches: list[Match], seed: int) -> None:
    shuffled = random.Random(seed).sample(matches, len(matches))
    assert groups("abcdefgh", matches) == groups("hgfedcba", shuffled) == by_hand(matches)


@pytest.mark.parametrize("size", [2, 3, 12])
def test_nobody_is_put_together_with_who_contradicts(size: int) -> None:
    names = [f"{n:02}" for n in range(size)]
    ring = [Match(a, b, 9) for a, b in pairwise(names)]
    ring.append(Match(names[0], names[-1], conflict="given_names") if size > 2 else ring[0])
    members = next(g for g in groups(names, ring) if names[0] in g)
    assert (names[-1] in members) == (size == 2)
