"""Values that records claim of a customer: their order, why they lost, and the golden record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from customer360.identity import contract, rules
from customer360.identity.clusters import customer_id
from customer360.identity.survivorship import _DIGITS, ranked_values
from customer360.resources.lake import Lake
from customer360.resources.session import Engine
from customer360_tests.identity_world import WORLD, Row, at, create_silver, fill, resolve

ANNA, GIL, FAY = (customer_id(f"contact_id:{key}") for key in ("K1", "K9", "K6"))
CLAIM = (
    "customer_id string, entity string, record_key string, clock timestamp, is_deleted boolean, "
    "title string, first_name string, last_name string, street string, city string, "
    "postal_code string, country string, date_of_birth date, email string, phone string, "
    "loyalty_card_number string"
)
NAMES = [part.split()[0] for part in CLAIM.split(", ")]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = Engine("sail", Lake(str(tmp_path_factory.mktemp("values"))))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def world(engine: Engine) -> Engine:
    """The hand-made customers, resolved."""
    create_silver(engine)
    fill(engine, WORLD)
    resolve(engine)
    return engine


def claim(key: str, entity: str = rules.CONTACTS, day: int = 2, **more: Any) -> Row:
    defaults = {"customer_id": "c", "is_deleted": False}
    return {**defaults, "entity": entity, "record_key": key, "clock": at(day), **more}


def ranked(engine: Engine, *claims: Row) -> list[tuple[Any, ...]]:
    """(attribute, rank, value, why, record_key, record_count) of claims, in order."""
    rows = [tuple(row.get(name) for name in NAMES) for row in claims]
    found = ranked_values(engine.session.createDataFrame(rows, CLAIM)).collect()
    columns = ("attribute", "rank", "value", "why", "record_key", "record_count")
    return sorted(tuple(row[c] for c in columns) for row in found)


def whys(engine: Engine, *claims: Row) -> list[tuple[str, str]]:
    return [(row[2], row[3]) for row in ranked(engine, *claims)]


def test_newest_of_equals_is_chosen_and_the_others_are_older(engine: Engine) -> None:
    emails = [
        claim("A1", rules.ACCOUNTS, day=3, email="new@x.example"),
        claim("A2", rules.ACCOUNTS, day=2, email="old@x.example"),
    ]
    assert whys(engine, *emails) == [("new@x.example", "chosen"), ("old@x.example", "older")]


def test_trusted_comes_before_new_and_living_before_trusted(engine: Engine) -> None:
    found = whys(
        engine,
        claim("K1", day=9, email="desk@x.example"),
        claim("A1", rules.ACCOUNTS, day=3, email="login@x.example"),
        claim("A2", rules.ACCOUNTS, day=8, email="closed@x.example", is_deleted=True),
    )
    assert found == [
        ("login@x.example", "chosen"),
        ("desk@x.example", "less_trusted"),
        ("closed@x.example", "deleted_record"),
    ]


def test_a_value_is_told_once_by_its_best_record(engine: Engine) -> None:
    same = {"email": "one@x.example"}
    found = ranked(
        engine,
        claim("O1", rules.ORDERS, day=8, **same),
        claim("O2", rules.ORDERS, day=9, **same),
        claim("K1", day=3, **same),
        claim("K2", day=4, email="two@x.example"),
    )
    assert found == [
        ("email", 1, "two@x.example", "chosen", "K2", 1),
        ("email", 2, "one@x.example", "older", "K1", 3),
    ]


def test_a_whole_name_comes_before_a_part_of_one(engine: Engine) -> None:
    found = whys(
        engine,
        claim("K1", last_name="Byron", title="Dr"),
        claim("A1", rules.ACCOUNTS, first_name="Ada", last_name="Byron"),
    )
    assert found == [("Ada Byron", "chosen"), ("Dr Byron", "less_complete")]


def test_neither_a_title_nor_a_country_is_a_value(engine: Engine) -> None:
    assert ranked(engine, claim("K1", title="Dr", country="DE")) == []


def test_an_address_is_one_text(engine: Engine) -> None:
    parts = {"street": "Weg 1", "city": "Ulm", "postal_code": "89073", "country": "DE"}
    assert whys(engine, claim("K1", **parts)) == [("Weg 1, 89073 Ulm, DE", "chosen")]
    only = {"street": "Weg 1", "country": "DE"}
    assert whys(engine, claim("K1", **only)) == [("Weg 1, DE", "chosen")]


def test_equal_records_are_ordered_by_key(engine: Engine) -> None:
    one, two = claim("K1", phone="+1"), claim("K2", phone="+2")
    expected = [("+1", "chosen"), ("+2", "as_good")]
    assert whys(engine, one, two) == whys(engine, two, one) == expected


def test_a_table_that_is_not_believed_claims_nothing(engine: Engine) -> None:
    assert ranked(engine, claim("T1", rules.TICKETS, first_name="Ada", last_name="Byron")) == []


def test_a_record_without_a_time_is_the_oldest(engine: Engine) -> None:
    timeless = claim("K1", phone="+1") | {"clock": None}
    long_ago = claim("K2", phone="+2") | {"clock": datetime(1899, 12, 30, tzinfo=UTC)}
    assert whys(engine, timeless, long_ago) == [("+2", "chosen"), ("+1", "older")]


def test_record_and_moment_are_told_as_they_are(engine: Engine) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    odd = claim("chirp|a b|c", rules.PROFILES, email="a@x.example") | {"clock": moment}
    rows = [tuple(odd.get(name) for name in NAMES)]
    (row,) = ranked_values(engine.session.createDataFrame(rows, CLAIM)).collect()
    found = (row["entity"], row["record_key"], row["claimed_at"].astimezone(UTC))
    assert found == (rules.PROFILES, "chirp|a b|c", moment)


def rows_of(engine: Engine, customer: str, attribute: str) -> list[tuple[Any, ...]]:
    rows = engine.table(contract.CUSTOMER_VALUES).collect()
    columns = ("rank", "value", "entity", "record_key", "claimed_at", "record_count", "why")
    wanted = [r for r in rows if (r["customer_id"], r["attribute"]) == (customer, attribute)]
    return sorted(tuple(row[c] for c in columns) for row in wanted)


def test_values_of_the_world_are_told_with_record_and_time(world: Engine) -> None:
    mailbox, account = "a.n.na+crm@googlemail.com", "anna@gmail.com"
    found = [row[:4] + row[5:] for row in rows_of(world, ANNA, "email")]
    assert found == [
        (1, account, "ecommerce__accounts", "A1", 3, "chosen"),
        (2, mailbox, "crm__contacts", "K1", 1, "less_trusted"),
    ]
    cards = [row[:4] + row[5:] for row in rows_of(world, ANNA, "loyalty_card")]
    assert cards == [(1, "771001", "ecommerce__accounts", "A1", 2, "chosen")]


def test_a_deleted_record_loses_but_is_told(world: Engine) -> None:
    assert [(r[1], r[-1]) for r in rows_of(world, FAY, "name")] == [
        ("Fay New", "chosen"),
        ("Fay Old", "deleted_record"),
    ]
    assert [(r[1], r[-1]) for r in rows_of(world, GIL, "name")] == [
        ("Married", "chosen"),
        ("Single", "deleted_record"),
    ]


GOLDEN = {
    "name": ("title", "first_name", "last_name"),
    "email": ("email",),
    "phone": ("phone",),
    "date_of_birth": ("date_of_birth",),
    "loyalty_card": ("loyalty_card_number",),
}


def test_golden_record_is_what_is_ranked_first(world: Engine) -> None:
    customers = {r["customer_id"]: r for r in world.table(contract.CUSTOMERS).collect()}
    values = world.table(contract.CUSTOMER_VALUES).where("rank = 1").collect()
    first = {(r["customer_id"], r["attribute"]): r for r in values}
    assert len(first) == len(values)
    for customer, golden in customers.items():
        for attribute in contract.ATTRIBUTES:
            value = first.get((customer, attribute))
            told = (golden[f"{attribute}_source"], golden[f"{attribute}_claimed_at"])
            assert told == ((value["entity"], value["claimed_at"]) if value else (None, None))
            if attribute in GOLDEN:
                text = _joined(golden[column] for column in GOLDEN[attribute])
                assert text == (value["value"] if value else "")


def _joined(parts: Iterator[Any]) -> str:
    return " ".join(str(part) for part in parts if part is not None)


def test_every_criterion_is_a_why_and_described() -> None:
    (why,) = (c.description for c in contract.VALUE_COLUMNS if c.name == "why")
    told: Sequence[str] = (*rules.CRITERIA, contract.CHOSEN, contract.AS_GOOD)
    assert [name for name in told if name not in why] == []


def test_places_have_digits_for_all_tiers_and_parts() -> None:
    assert set(_DIGITS) == set(rules.CRITERIA)
    assert max(len(tiers) for tiers in rules.TRUST.values()) <= 10 ** _DIGITS["less_trusted"]
    assert max(len(parts) for parts in rules.PARTS.values()) < 10 ** _DIGITS["less_complete"]
