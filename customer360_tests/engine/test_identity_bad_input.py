"""Bad and odd input through all steps of identity: each kind has one documented outcome.

The kinds are those of docs/identity.md, section Bad input. All small ones share one world, in which
groups of records have nothing in common with each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from customer360.identity.contract import (
    CUSTOMER_IDENTIFIERS,
    CUSTOMER_LINKS,
    CUSTOMER_MATCHES,
    CUSTOMERS,
    HOUSEHOLDS,
    MATCH_RECORDS,
)
from customer360.identity.resolve import build_households
from customer360.resources.lake import Lake
from customer360.resources.session import Engine
from customer360_tests.identity_world import Row, create_silver, fill, resolve

MEGABYTE = 1_000_000
CHAIN = 1_000
BORN = date(1980, 5, 1)
# Names that have broken programs.
HOSTILE = {
    "sql": "Robert'); drop table customers; --",
    "keyword": "select null from where",
    "quotes": 'O\'Neil "the" `cat`',
    "backslash": "back\\slash\\",
    "bars": "a|b||c",
    "control": "An\x01na\t\r\n\x1f",
    "right_to_left": "\u202eאברהם\u202c",
    "emoji": "😀👩‍👩‍👧",
    "markup": "[bold]{{ jinja }} %s ${x}",
    "lone_accents": "\u0301\u0301",
    "blanks": "\u00a0\u2003",
}
TEXTS = ("title", "first_name", "last_name", "street", "city", "postal_code", "email", "phone",
         "loyalty_card_number")  # fmt: skip

# Each twice, and why it does not link.
MAILS = {
    "a@b@mail.example": "invalid",
    "@": "invalid",
    "l" * 1000 + "@mail.example": "invalid",
    "in\x01side@mail.example": "invalid",
    "in\tside@mail.example": "invalid",
    "hard\u00a0space@mail.example": "invalid",
    "none@none.com": "placeholder",
}
PHONES = {
    "CALL ME MAYBE": "invalid",
    "+" * 300: "invalid",
    "٠٠٠٠٠٠٠٠٠": "placeholder",
    "1" * 300: "placeholder",
}
CARDS = {"0000": "placeholder", "00-00": "placeholder", "0": "placeholder", "--": "invalid"}


def endless(last: str) -> Row:
    """Every text a megabyte long; two of them differ in the last letter."""
    return dict.fromkeys(TEXTS, "xyz12" * (MEGABYTE // 5) + last)


def chain() -> list[Row]:
    """Contacts without names, each with the mailbox of the one before it or the phone."""
    return [
        {"contact_id": f"chain{n:04}", "email": f"link{(n + 1) // 2}@chain.example",
         "phone": f"0151 2345 {n // 2:04}"}
        for n in range(CHAIN)
    ]  # fmt: skip


def person(key: str, first: str, last: str, **more: Any) -> Row:
    return {"contact_id": key, "first_name": first, "last_name": last, **more}


def home(street: str, postal_code: str = "89073", city: str = "Ulm") -> Row:
    return {"street": street, "postal_code": postal_code, "city": city}


CONTACTS: list[Row] = [
    *({"contact_id": f"null{n}"} for n in range(3)),
    # Names of one letter, at one home, born on one day or on none.
    person("letter1", "K", "L", **home("Gasse 1"), date_of_birth=BORN),
    person("letter2", "K", "L", **home("Gasse 1"), date_of_birth=BORN),
    person("letter3", "P", "Q", **home("Gasse 2")),
    person("letter4", "P", "Q", **home("Gasse 3", "50667", "Köln")),
    # One woman in three alphabets, and with one Cyrillic letter; two men in Han and in Latin.
    person("script1", "Anna", "Ivanova", **home("Allee 7"), date_of_birth=date(1971, 3, 4)),
    person("script2", "Анна", "Иванова", **home("Allee 7"), date_of_birth=date(1971, 3, 4)),
    person("script3", "Άννα", "Ivanova", **home("Allee 7"), date_of_birth=date(1971, 3, 4)),
    person("script4", "Аnnа", "Ivanоva", **home("Allee 7"), date_of_birth=date(1971, 3, 4)),
    person("han1", "太郎", "山田", email="taro@mail.example"),
    person("han2", "Taro", "Yamada", email="taro@mail.example"),
    person("han3", "花子", "山田", phone="0151 99999901"),
    # Born at dates that are nobody's, in one town.
    *(
        person(f"born{n}", "Gerda", "Groß", city="Bonn", postal_code="53111", date_of_birth=born)
        for n, born in enumerate(
            (date(1, 1, 1), date(1, 1, 1), date(1900, 1, 1), date(1900, 1, 1), date(2999, 12, 31),
             date(2999, 12, 31), date(1899, 5, 5), date(1899, 5, 5))
        )
    ),
    # A cycle of contact points, and one of people who contradict each other.
    {"contact_id": "cycle1", "email": "cycle@mail.example", "phone": "0151 77777701"},
    {"contact_id": "cycle2", "phone": "0151 77777701", "loyalty_card_number": "770001"},
    {"contact_id": "cycle3", "loyalty_card_number": "770001", "email": "cycle@mail.example"},
    {"contact_id": "odd1", "first_name": "Ada", "phone": "0151 77777702",
     "email": "odd@mail.example"},
    {"contact_id": "odd2", "phone": "0151 77777702", "loyalty_card_number": "770002"},
    {"contact_id": "odd3", "first_name": "Bert", "loyalty_card_number": "770002",
     "email": "odd@mail.example"},
    *chain(),
    # Twins with contact points of their own, and with none.
    person("twin1", "Uta", "Dopp", **home("Gasse 8"), date_of_birth=date(1991, 9, 9),
           email="uta@mail.example", phone="0151 66666601"),
    person("twin2", "Lea", "Dopp", **home("Gasse 8"), date_of_birth=date(1991, 9, 9),
           email="lea@mail.example", phone="0151 66666602"),
    person("twin3", "Kim", "Zwil", **home("Gasse 9"), date_of_birth=date(1990, 9, 9)),
    person("twin4", "Bob", "Zwil", **home("Gasse 9"), date_of_birth=date(1990, 9, 9)),
    {"contact_id": "long1", **endless("1"), "date_of_birth": date(1960, 6, 6)},
    {"contact_id": "long2", **endless("2"), "date_of_birth": date(1960, 6, 6)},
    *(
        person(f"{name}{n}", text, text, email=f"{name}@mail.example", street=text)
        for name, text in HOSTILE.items() for n in (1, 2)
    ),
    *({"contact_id": f"mail{n}", "email": text} for n, text in enumerate([*MAILS] * 2)),
    *({"contact_id": f"dial{n}", "phone": text} for n, text in enumerate([*PHONES] * 2)),
    *({"contact_id": f"card{n}", "loyalty_card_number": t} for n, t in enumerate([*CARDS] * 2)),
    # Two of one name and one street, in towns that nobody knows.
    person("post1", "Ida", "Post", street="Hauptstr. 1", postal_code="00000"),
    person("post2", "Ida", "Post", street="Hauptstr. 1", postal_code="0000-0"),
    # Deleted: one with a living account, one alone.
    {"contact_id": "gone1", "op": "D", "is_deleted": True, "email": "gone@mail.example"},
    {"contact_id": "gone2", "op": "D", "is_deleted": True},
]  # fmt: skip
WORLD: dict[str, list[Row]] = {
    "crm__contacts": CONTACTS,
    "ecommerce__accounts": [
        {"account_id": "null"},
        {"account_id": "here", "email": "gone@mail.example"},
    ],
    "social__profiles": [
        {"network": "net", "handle": "nothing"},
        # Keys that would be one text with a bar between their parts.
        {"network": "a|b", "handle": "c", "email": "bar1@mail.example"},
        {"network": "a", "handle": "b|c", "email": "bar2@mail.example"},
        {"network": "a%7cb", "handle": "c", "email": "bar3@mail.example"},
    ],
    "ecommerce__orders": [
        {"order_id": "null-order"},
        {"order_id": "bad-order", "email": "a@b@mail.example"},
    ],
    "service__tickets": [{"ticket_id": "null-ticket"}],
    "pos__receipts": [{"receipt_id": "null-receipt"}],
    "marketing__deliveries": [{"delivery_id": "null-delivery"}],
    "web__events": [{"event_id": "null-event"}],
}


@dataclass
class Outcome:
    """What became of the records, by their keys.

    Attributes:
        customer: Customer of each record that has one.
        reasons: Type of identifier and why it does not link, of each record where one does not.
        born: Birth date of each customer.
        household: Household of each customer.
        matches: Pairs that were found, as written down.
        spelled: Given name as it is compared.
        counts: Those of the steps.
    """

    customer: dict[str, str]
    reasons: dict[str, dict[str, str]]
    born: dict[str, date | None]
    household: dict[str, str]
    matches: list[Row]
    spelled: dict[str, str | None]
    counts: dict[str, dict[str, int]]

    def together(self, *prefixes: str) -> set[frozenset[str]]:
        """The records whose keys begin so, by customer."""
        sets: dict[str, set[str]] = {}
        for key, customer in self.customer.items():
            if key.startswith(prefixes):
                sets.setdefault(customer, set()).add(key)
        return {frozenset(keys) for keys in sets.values()}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = Engine("sail", Lake(str(tmp_path_factory.mktemp("bad"))))
    create_silver(opened)
    yield opened
    opened.close()


def outcome(engine: Engine) -> Outcome:
    """Resolve what is in silver."""
    counts = resolve(engine)
    counts["households"] = build_households(engine)
    links, judged, matches, golden, homes, records = (
        [row.asDict() for row in engine.table(key).collect()]
        for key in (
            CUSTOMER_LINKS,
            CUSTOMER_IDENTIFIERS,
            CUSTOMER_MATCHES,
            CUSTOMERS,
            HOUSEHOLDS,
            MATCH_RECORDS,
        )
    )
    reasons: dict[str, dict[str, str]] = {}
    for row in judged:
        if not row["is_linking"]:
            found = reasons.setdefault(row["record_key"], {})
            found[row["identifier_type"]] = row["excluded_because"]
    return Outcome(
        customer={row["record_key"]: row["customer_id"] for row in links},
        reasons=reasons,
        born={row["customer_id"]: row["date_of_birth"] for row in golden},
        household={row["customer_id"]: row["household_id"] for row in homes},
        matches=matches,
        spelled={row["record_key"]: row["first_name"] for row in records},
        counts=counts,
    )


@pytest.fixture(scope="module")
def found(engine: Engine) -> Outcome:
    fill(engine, WORLD)
    return outcome(engine)


def sets(*members: str) -> set[frozenset[str]]:
    return {frozenset(text.split()) for text in members}


def test_a_record_without_anything_is_a_customer_alone_or_nobody(found: Outcome) -> None:
    assert found.together("null") == sets("null0", "null1", "null2", "null")
    assert not any(
        key.endswith(("-order", "-ticket", "-receipt", "-delivery")) for key in found.customer
    )
    # A profile that shows no address is nobody whom the retailer could do business with.
    assert "net|nothing" not in found.customer


def test_names_of_one_letter_are_one_person_only_with_birth_and_home(found: Outcome) -> None:
    assert found.together("letter") == sets("letter1 letter2", "letter3", "letter4")


def test_a_name_in_several_alphabets_is_one_name(found: Outcome) -> None:
    assert found.together("script") == sets("script1 script2 script3 script4")
    assert {found.spelled[f"script{n}"] for n in (1, 2, 3, 4)} == {"anna"}


def test_han_and_latin_do_not_contradict(found: Outcome) -> None:
    assert found.together("han") == sets("han1 han2", "han3")


def test_birth_dates_that_are_nobodys_say_nothing(found: Outcome) -> None:
    assert found.together("born") == sets(*(f"born{n}" for n in range(8)))
    assert {found.born[found.customer[f"born{n}"]] for n in range(8)} == {None}
    assert found.born[found.customer["letter1"]] == BORN


def test_a_cycle_is_one_person(found: Outcome) -> None:
    assert found.together("cycle") == sets("cycle1 cycle2 cycle3")


def test_a_cycle_of_people_who_contradict_each_other_is_cut(found: Outcome) -> None:
    assert found.together("odd") == sets("odd1 odd2", "odd3")
    assert found.counts["ids"]["cut_links"] == 1


def test_a_chain_of_a_thousand_is_one_person(found: Outcome) -> None:
    assert found.together("chain") == sets(" ".join(f"chain{n:04}" for n in range(CHAIN)))
    assert sum("chain" in match["node_1"] for match in found.matches) == CHAIN - 1


def test_twins_are_two_where_each_has_contact_points(found: Outcome) -> None:
    assert found.together("twin") == sets("twin1", "twin2", "twin3 twin4")
    assert found.household[found.customer["twin1"]] == found.household[found.customer["twin2"]]


def test_texts_of_a_megabyte_are_compared_by_their_beginning(found: Outcome) -> None:
    assert found.together("long") == sets("long1 long2")
    assert found.reasons["long1"] == dict.fromkeys(("email", "phone"), "invalid")
    assert len(found.spelled["long1"] or "") == 100


def test_keys_with_bars_are_keys_of_their_own(found: Outcome) -> None:
    assert found.together("a") == sets("a%7Cb|c", "a|b|c", "a%257cb|c")


@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_break_programs_are_names(found: Outcome, name: str) -> None:
    assert found.together(name) == sets(f"{name}1 {name}2")


@pytest.mark.parametrize(
    ("kind", "column", "values"),
    [("mail", "email", MAILS), ("dial", "phone", PHONES), ("card", "loyalty_card", CARDS)],
)
def test_contact_points_that_are_none_link_nobody(
    found: Outcome, kind: str, column: str, values: dict[str, str]
) -> None:
    records = [f"{kind}{n}" for n in range(2 * len(values))]
    assert found.together(kind) == sets(*records)
    reasons = [found.reasons[key][column] for key in records]
    assert reasons == [*values.values(), *values.values()]
    assert "bad-order" not in found.customer


def test_a_postal_code_of_zeros_is_no_place(found: Outcome) -> None:
    assert found.together("post") == sets("post1", "post2")
    assert found.household[found.customer["post1"]] != found.household[found.customer["post2"]]


def test_a_deleted_record_goes_on_to_belong_to_its_customer(found: Outcome) -> None:
    assert found.together("gone", "here") == sets("gone1 here", "gone2")
