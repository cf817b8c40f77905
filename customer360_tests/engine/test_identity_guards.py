"""What keeps exact links from joining people: values of many, values of a few with other names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import pytest

from customer360.identity.conflicts import conflicting_values
from customer360.identity.rules import ACCOUNTS, CONTACTS, LINKING_TYPES
from customer360.identity.sharing import combinations, shared_values
from customer360.resources.lake import Lake
from customer360.resources.session import Engine

Row = dict[str, Any]

FIELDS = [
    "entity string",
    "first_name string",
    "last_name string",
    "given_initial string",
    "date_of_birth date",
    *(f"{name} string" for name in LINKING_TYPES),
    *(f"reason_{name} string" for name in LINKING_TYPES),
]
BORN, OTHER = date(1980, 5, 1), date(1981, 6, 2)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = Engine("sail", Lake(str(tmp_path_factory.mktemp("guards"))))
    yield opened
    opened.close()


def frame(engine: Engine, rows: Sequence[Row]) -> Any:
    names = [field.split()[0] for field in FIELDS]
    values = [tuple(row.get(name) for name in names) for row in rows]
    return engine.session.createDataFrame(values, ", ".join(FIELDS))


def shared(engine: Engine, rows: Sequence[Row], limit: int = 2) -> set[tuple[str, str]]:
    found = shared_values(combinations(frame(engine, rows)), limit).collect()
    return {(row["identifier_type"], row["identifier_value"]) for row in found}


def person(entity: str, first: str, **overrides: Any) -> Row:
    """A named record with the phone +1."""
    initial = first[:1].upper() if first[:1].isascii() and first else None
    return {
        "entity": entity, "first_name": first, "given_initial": initial, "phone": "+1", **overrides
    }  # fmt: skip


def conflicts(engine: Engine, *rows: Row) -> dict[tuple[str, str], str | None]:
    nothing = engine.session.createDataFrame([], "identifier_type string, identifier_value string")
    found = conflicting_values(frame(engine, rows), nothing).collect()
    return {(r["identifier_type"], r["identifier_value"]): r["owner_initial"] for r in found}


def test_value_is_shared_beyond_the_limit_of_accounts_contacts_and_profiles(engine: Engine) -> None:
    three = [
        {"email": "e", "account_id": "A"},
        {"email": "e", "contact_id": "K"},
        {"email": "e", "social_handle": "n|h"},
    ]
    assert shared(engine, three) == {("email", "e")}
    assert shared(engine, three, limit=3) == set()


def test_repeated_activity_of_few_people_is_not_shared(engine: Engine) -> None:
    orders = [{"account_id": "A", "email": "e", "phone": f"+{i}"} for i in range(9)]
    assert shared(engine, [*orders, *orders]) == set()


@pytest.mark.parametrize(
    ("value", "beside"),
    [
        (("loyalty_card", "till"), "email"),
        (("email", "shop@x.yz"), "loyalty_card"),
        (("email", "shop@x.yz"), "account_id"),
        (("phone", "+1"), "email"),
        (("account_id", "call centre"), "email"),
        (("account_id", "call centre"), "contact_id"),
    ],
)
def test_value_beside_many_others_is_shared(
    engine: Engine, value: tuple[str, str], beside: str
) -> None:
    rows = [{value[0]: value[1], beside: f"{beside}{i}"} for i in range(3)]
    assert shared(engine, rows) == {value}
    assert shared(engine, rows[:2]) == set()


def test_value_that_is_no_identifier_counts_for_nothing(engine: Engine) -> None:
    rows = [
        {"phone": "+1", "email": f"none{i}@x.yz", "reason_email": "placeholder"} for i in range(9)
    ]
    assert shared(engine, rows) == set()


def test_names_of_different_letters_conflict_and_nobody_owns(engine: Engine) -> None:
    found = conflicts(engine, person(CONTACTS, "Anna"), person(CONTACTS, "Bert"))
    assert found == {("phone", "+1"): None}


def test_account_owns_what_a_contact_of_another_name_carries(engine: Engine) -> None:
    found = conflicts(engine, person(CONTACTS, "Anna"), person(ACCOUNTS, "Bert"))
    assert found == {("phone", "+1"): "B"}


def test_accounts_of_two_people_own_nothing(engine: Engine) -> None:
    found = conflicts(engine, person(ACCOUNTS, "Anna"), person(ACCOUNTS, "Bert"))
    assert found == {("phone", "+1"): None}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (person(CONTACTS, "Alex"), person(ACCOUNTS, "Alexander")),
        (person(CONTACTS, "Anna"), person(ACCOUNTS, "Анна")),
        (person(CONTACTS, "Anna"), person(ACCOUNTS, "")),
        (person(CONTACTS, "Byron", last_name="Ada"), person(ACCOUNTS, "ada")),
        (person(CONTACTS, "Byron"), person(ACCOUNTS, "Ada", last_name="BYRON")),
        (
            person(CONTACTS, "Bill", date_of_birth=BORN),
            person(ACCOUNTS, "William", date_of_birth=BORN),
        ),
        (person(CONTACTS, "Anna"), person(ACCOUNTS, "Bert", reason_phone="placeholder")),
        (person(CONTACTS, "Anna"), person(ACCOUNTS, "Bert", phone="+2")),
    ],
    ids=["short_form", "script", "no_name", "swapped", "swapped_back", "born_alike", "placeholder",
         "other_value"],
)  # fmt: skip
def test_pair_does_not_conflict(engine: Engine, first: Row, second: Row) -> None:
    assert conflicts(engine, first, second) == {}


def test_different_birth_does_not_excuse_and_one_pair_is_enough(engine: Engine) -> None:
    found = conflicts(
        engine,
        person(CONTACTS, "Anna", date_of_birth=BORN),
        person(CONTACTS, "Anne", date_of_birth=BORN),
        person(CONTACTS, "Bert", date_of_birth=OTHER),
    )
    assert found == {("phone", "+1"): None}


def test_cards_and_addresses_are_guarded_too(engine: Engine) -> None:
    found = conflicts(
        engine,
        person(CONTACTS, "Anna", phone=None, loyalty_card="1", email="e"),
        person(CONTACTS, "Bert", phone=None, loyalty_card="1", email="e"),
    )
    assert found == {("loyalty_card", "1"): None, ("email", "e"): None}
