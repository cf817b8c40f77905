"""The closure: exact, of any length, independent of order; and the ids made from it."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer360.identity.clusters import assign_customers, customer_id
from customer360.identity.rules import ANCHOR_TYPES

Combination = dict[str, str | int]


def assigned(combinations: Sequence[Combination]) -> dict[tuple[str, str], str]:
    """Customer of each identifier; a combination makes a customer unless it says otherwise."""
    columns = {
        name: pa.array([c.get(name) for c in combinations], pa.string()) for name in ANCHOR_TYPES
    }
    makes = pa.array([c.get("makes_customer", 1) for c in combinations], pa.int32())
    found = assign_customers(pa.table({**columns, "makes_customer": makes}))
    return {
        (row["identifier_type"], row["identifier_value"]): row["customer_id"]
        for row in found.to_pylist()
    }


def test_customer_id_is_the_one_written_down_here() -> None:
    """The recipe is part of the contract: other systems store these ids."""
    # printf 'contact_id:K1' | sha256sum | cut -c1-20
    assert customer_id("contact_id", "K1") == "C56f803f60ad11dae86f4"


def test_no_combinations_give_no_customers() -> None:
    assert assigned([]) == {}


def test_combination_without_any_identifier_gives_no_customer() -> None:
    assert assigned([{}]) == {}


def test_identifiers_on_one_record_are_one_customer_with_the_contact_as_anchor() -> None:
    anchor = customer_id("contact_id", "K9")
    account: Combination = {"account_id": "A1", "email": "a@b.cd"}
    contact: Combination = {"contact_id": "K9", "email": "a@b.cd"}
    assert assigned([account, contact]) == {
        ("contact_id", "K9"): anchor,
        ("account_id", "A1"): anchor,
        ("email", "a@b.cd"): anchor,
    }


def test_same_text_as_two_types_is_two_identifiers() -> None:
    found = assigned([{"account_id": "7"}, {"contact_id": "7"}])
    assert found == {
        ("account_id", "7"): customer_id("account_id", "7"),
        ("contact_id", "7"): customer_id("contact_id", "7"),
    }


@pytest.mark.parametrize(
    ("first", "second", "anchor"),
    [
        ({"account_id": "A2"}, {"account_id": "A10"}, ("account_id", "A10")),
        ({"account_id": "B"}, {"account_id": "a"}, ("account_id", "B")),
        ({"account_id": "Ä"}, {"account_id": "Z"}, ("account_id", "Z")),
        ({"loyalty_card": "1"}, {"account_id": "Z"}, ("account_id", "Z")),
        ({"phone": "+1"}, {"loyalty_card": "Z"}, ("loyalty_card", "Z")),
    ],
)
def test_anchor_is_the_first_type_and_then_the_smallest_text_by_bytes(
    first: Combination, second: Combination, anchor: tuple[str, str]
) -> None:
    found = assigned([{**first, "email": "x@y.zz"}, {**second, "email": "x@y.zz"}])
    assert set(found.values()) == {customer_id(*anchor)}


def test_component_that_nothing_makes_a_customer_is_left_out() -> None:
    found = assigned(
        [
            {"social_handle": "net|a", "makes_customer": 0},
            {"social_handle": "net|b", "email": "b@x.yz", "makes_customer": 0},
            {"email": "b@x.yz", "makes_customer": 1},
        ]
    )
    owner = customer_id("email", "b@x.yz")
    assert found == {("email", "b@x.yz"): owner, ("social_handle", "net|b"): owner}


def chain(length: int) -> list[Combination]:
    """Contacts and e-mail addresses in turns, each tied to the next."""
    return [{"contact_id": f"K{i // 2:04}", "email": f"{(i + 1) // 2}@x.yz"} for i in range(length)]


def test_chain_of_a_thousand_links_is_one_customer() -> None:
    found = assigned(chain(1000))
    assert len(found) == 1001
    assert set(found.values()) == {customer_id("contact_id", "K0000")}


def test_chain_cut_in_the_middle_is_two_customers() -> None:
    links = chain(1000)
    found = assigned(links[:500] + links[501:])
    assert set(found.values()) == {
        customer_id("contact_id", "K0000"),
        customer_id("contact_id", links[501]["contact_id"]),
    }


def test_cycle_is_one_customer() -> None:
    closing: Combination = {"contact_id": "K0000", "email": "50@x.yz"}
    assert set(assigned([*chain(100), closing]).values()) == {customer_id("contact_id", "K0000")}


def test_star_of_a_hundred_thousand_is_one_customer() -> None:
    star: list[Combination] = [{"loyalty_card": "HUB", "phone": f"+{i}"} for i in range(100_000)]
    found = assigned(star)
    assert len(found) == 100_001
    assert set(found.values()) == {customer_id("loyalty_card", "HUB")}


few = st.none() | st.integers(0, 7).map(str)
identifiers = dict.fromkeys(ANCHOR_TYPES, few)
combinations = st.lists(
    st.fixed_dictionaries({**identifiers, "makes_customer": st.integers(0, 1)}), max_size=25
)


def closure_by_hand(links: Sequence[Combination]) -> dict[tuple[str, str], str]:
    """The same by merging sets until nothing merges any more."""
    sets = [
        ({(t, str(c[t])) for t in ANCHOR_TYPES if c[t] is not None}, c["makes_customer"] == 1)
        for c in links
    ]
    merged: list[tuple[set[tuple[str, str]], bool]] = []
    for nodes, makes in sets:
        touching = [m for m in merged if m[0] & nodes]
        merged = [m for m in merged if not m[0] & nodes]
        nodes = nodes.union(*(m[0] for m in touching))
        merged.append((nodes, makes or any(m[1] for m in touching)))
    anchors = {
        frozenset(nodes): min(nodes, key=lambda n: (ANCHOR_TYPES.index(n[0]), n[1].encode()))
        for nodes, makes in merged
        if makes and nodes
    }
    return {node: customer_id(*anchor) for nodes, anchor in anchors.items() for node in nodes}


@settings(max_examples=200, deadline=None)
@given(links=combinations, seed=st.integers(0, 1000))
def test_closure_is_that_by_hand_in_any_order_of_rows(links: list[Combination], seed: int) -> None:
    shuffled = random.Random(seed).sample(links, len(links))
    assert assigned(links) == assigned(shuffled) == closure_by_hand(links)
