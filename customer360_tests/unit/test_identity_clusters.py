"""Whose an identifier is, who is a stranger, and the ids made from it."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pyarrow as pa
import pytest

from customer360.identity.clusters import assign_customers, customer_id
from customer360.identity.lasting_ids import issue_ids, no_members
from customer360.identity.people import find_people
from customer360.identity.rules import ANCHOR_TYPES

Value = tuple[str, str]
Combination = dict[str, str | int]
_NO_MATCHES = pa.table(
    {
        "node_1": pa.array([], pa.string()),
        "node_2": pa.array([], pa.string()),
        "match_weight": pa.array([], pa.decimal128(9, 4)),
        "is_link": pa.array([], pa.bool_()),
        "conflict": pa.array([], pa.string()),
    }
)


class Record:
    """A personal record: its node, what it carries, and whose name is in the address."""

    def __init__(self, node: str, *carried: Value, named: bool = False) -> None:
        self.node = node
        kind, _, value = node.partition(":")
        self.carried = [(kind, value), *carried]
        self.named = named


def assigned(records: Sequence[Record], activity: Sequence[Combination] = ()) -> dict[Value, str]:
    """Customer of each identifier; what makes a customer alone does, unless it says otherwise."""
    rows = [
        {
            "node": record.node,
            "identifier_type": kind,
            "identifier_value": value,
            "is_account": record.node.startswith("account_id:"),
            "is_named": record.named and kind == "email",
            "makes_customer": int(kind in ("contact_id", "account_id")),
        }
        for record in records
        for kind, value in record.carried
    ]
    schema = pa.schema(
        [
            *((n, pa.string()) for n in ("node", "identifier_type", "identifier_value")),
            ("is_account", pa.bool_()),
            ("is_named", pa.bool_()),
            ("makes_customer", pa.int32()),
        ]
    )
    combinations = pa.table(
        {name: pa.array([c.get(name) for c in activity], pa.string()) for name in ANCHOR_TYPES}
        | {
            "makes_customer": pa.array([c.get("makes_customer", 1) for c in activity], pa.int32()),
            "records": pa.array([c.get("records", 1) for c in activity], pa.int64()),
        }
    )
    nodes = pa.array([record.node for record in records], pa.string())
    people = find_people(nodes, _NO_MATCHES)
    found = assign_customers(people, pa.Table.from_pylist(rows, schema), combinations)
    rows = found.to_pylist()
    ids = issue_ids(found.select(["member", "cluster"]), no_members(), customer_id).ids.to_pylist()
    return {(row["identifier_type"], row["identifier_value"]): ids[row["cluster"]] for row in rows}


KIM, LEE = customer_id("contact_id:K1"), customer_id("contact_id:K2")
MAIL: Value = ("email", "kim@x.yz")


def test_customer_id_is_the_one_written_down_here() -> None:
    """The recipe is part of the contract: other systems store these ids."""
    # printf 'contact_id:K1' | sha256sum | cut -c1-20
    assert customer_id("contact_id:K1") == "C56f803f60ad11dae86f4"


def test_nothing_gives_no_customers() -> None:
    assert assigned([]) == {}
    assert assigned([], [{}]) == {}


def test_a_person_owns_what_their_record_alone_carries() -> None:
    found = assigned([Record("contact_id:K1", MAIL, ("phone", "+1")), Record("contact_id:K2")])
    assert found == {
        ("contact_id", "K1"): KIM,
        ("contact_id", "K2"): LEE,
        MAIL: KIM,
        ("phone", "+1"): KIM,
    }


def test_what_two_people_carry_alike_is_nobodys() -> None:
    both = [Record("contact_id:K1", MAIL), Record("contact_id:K2", MAIL)]
    assert assigned(both) == {("contact_id", "K1"): KIM, ("contact_id", "K2"): LEE}
    # Who buys under it is a stranger, and ties nothing together.
    found = assigned(both, [{"email": MAIL[1], "phone": "+9"}, {"phone": "+9", "email": "z@x.yz"}])
    assert found[MAIL] == customer_id(":".join(MAIL))
    assert found["phone", "+9"] == found["email", "z@x.yz"] == customer_id("email:z@x.yz")


def test_the_account_then_the_name_then_the_number_of_records_decides() -> None:
    named = Record("contact_id:K1", MAIL, named=True)
    twice = [Record("contact_id:K2", MAIL, ("email", "lee@x.yz"), MAIL)]
    account = Record("account_id:A3", MAIL)
    assert assigned([Record("contact_id:K1", MAIL), *twice])[MAIL] == LEE
    assert assigned([named, *twice])[MAIL] == KIM
    assert assigned([named, *twice, account])[MAIL] == customer_id("account_id:A3")
    second = Record("account_id:A4", MAIL)
    # Two accounts decide nothing, so the name does.
    assert assigned([named, *twice, account, second])[MAIL] == KIM


def test_what_comes_up_beside_a_persons_identifier_is_that_persons() -> None:
    found = assigned(
        [Record("contact_id:K1", MAIL), Record("contact_id:K2", ("email", "lee@x.yz"))],
        [
            {"email": MAIL[1], "loyalty_card": "77", "records": 1},
            {"email": "lee@x.yz", "loyalty_card": "77", "records": 5},
            {"loyalty_card": "77", "phone": "+7"},
        ],
    )
    assert found["loyalty_card", "77"] == found["phone", "+7"] == LEE


def test_of_equals_the_first_owns_it_in_any_order_of_rows() -> None:
    records = [Record("contact_id:K1", MAIL), Record("contact_id:K2", ("email", "lee@x.yz"))]
    activity: list[Combination] = [
        {"email": MAIL[1], "loyalty_card": "77"},
        {"email": "lee@x.yz", "loyalty_card": "77"},
    ]
    assert assigned(records, activity)["loyalty_card", "77"] == KIM
    assert assigned(records[::-1], activity[::-1]) == assigned(records, activity)


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
    first: Combination, second: Combination, anchor: Value
) -> None:
    found = assigned([], [{**first, "email": "x@y.zz"}, {**second, "email": "x@y.zz"}])
    assert set(found.values()) == {customer_id(":".join(anchor))}


def test_same_text_as_two_types_is_two_identifiers() -> None:
    found = assigned([Record("contact_id:7"), Record("account_id:7")])
    assert found == {
        ("account_id", "7"): customer_id("account_id:7"),
        ("contact_id", "7"): customer_id("contact_id:7"),
    }


def test_whom_nothing_makes_a_customer_is_left_out() -> None:
    handle = Record("social_handle:net|a")
    assert assigned([handle], [{"social_handle": "net|b", "makes_customer": 0}]) == {}
    found = assigned([handle], [{"social_handle": "net|a", "email": "b@x.yz"}])
    owner = customer_id("email:b@x.yz")
    assert found == {("email", "b@x.yz"): owner, ("social_handle", "net|a"): owner}


def test_only_the_strongest_identifier_of_a_record_makes_a_customer() -> None:
    contested = [Record("contact_id:K1", MAIL), Record("contact_id:K2", MAIL)]
    found = assigned(contested, [{"loyalty_card": "77", "email": MAIL[1]}])
    assert found["loyalty_card", "77"] == customer_id("loyalty_card:77")
    assert MAIL not in found


def chain(length: int) -> list[Combination]:
    """Accounts that no account record tells of and e-mail addresses, each tied to the next."""
    return [{"account_id": f"K{i // 2:04}", "email": f"{(i + 1) // 2}@x.yz"} for i in range(length)]


def test_strangers_are_closed_at_any_depth() -> None:
    found = assigned([], chain(1000))
    assert len(found) == 1001
    assert set(found.values()) == {customer_id("account_id:K0000")}
    halves = set(assigned([], chain(1000)[:500] + chain(1000)[501:]).values())
    assert len(halves) == 2


def test_star_of_a_hundred_thousand_is_one_customer() -> None:
    star: list[Combination] = [{"loyalty_card": "HUB", "phone": f"+{i}"} for i in range(100_000)]
    found = assigned([Record("contact_id:K1", ("loyalty_card", "HUB"))], star)
    assert len(found) == 100_002
    assert set(found.values()) == {KIM}


def test_customers_do_not_depend_on_the_order_of_rows() -> None:
    records = [Record(f"contact_id:K{n}", ("email", f"{n % 7}@x.yz")) for n in range(20)]
    activity = [*chain(9), {"email": "3@x.yz", "phone": "+3"}, {"phone": "+3", "account_id": "K1"}]
    shuffled = random.Random(1).sample(records, 20)
    mixed = random.Random(2).sample(activity, len(activity))
    assert assigned(records, activity) == assigned(shuffled, mixed)
