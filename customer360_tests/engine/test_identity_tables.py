"""Identity over hand-made customers: the rows of all three tables, written out in full.

Longer than other files because the expected tables are here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pytest

from customer360.errors import MissingTableError
from customer360.identity import contract
from customer360.identity.clusters import customer_id
from customer360.identity.resolve import (
    build_links,
)
from customer360.keys import TableKey
from customer360.resources.lake import Lake
from customer360.resources.session import Engine
from customer360_tests.identity_world import (
    WORLD,
    Row,
    at,
    create_silver,
    day,
    fill,
    forget_ids,
    resolve,
)

Rows = set[tuple[Any, ...]]


def moment(number: int) -> datetime:
    """A clock of the records, as the engine hands it on."""
    return at(number).replace(tzinfo=None)


# Customers by the identifier that their id is made from.
IDS: dict[str, str] = {
    "ANNA": customer_id("contact_id:K1"),
    "BORIS": customer_id("contact_id:K2"),
    "CLEO": customer_id("contact_id:K3"),
    "DIRK": customer_id("contact_id:K4"),
    "EVA": customer_id("contact_id:K5"),
    "FAY": customer_id("contact_id:K6"),
    "GONE": customer_id("contact_id:K8"),
    "GIL": customer_id("contact_id:K9"),
    **{f"SAM{n}": customer_id(f"contact_id:S{n}") for n in range(5)},
    "HANA": customer_id("account_id:A9"),
    "CARD_998": customer_id("loyalty_card:998"),
    "INES": customer_id("email:ines@mail.example"),
    "JAN": customer_id("email:jan@mail.example"),
    "EBEL_PHONE": customer_id("phone:+4915123456704"),
}
# entity; key; type; value; raw; links; reason; landing day in January
IDENTIFIERS = """
crm__contacts;K1;contact_id;K1;K1;yes;;2
crm__contacts;K1;email;anna@gmail.com;a.n.na+crm@googlemail.com;yes;;2
crm__contacts;K1;phone;+4915123456701;0151 / 2345 6701;yes;;2
crm__contacts;K2;contact_id;K2;K2;yes;;2
crm__contacts;K2;email;none@none.com;none@none.com;no;placeholder;2
crm__contacts;K2;phone;000000000;000000000;no;placeholder;2
crm__contacts;K3;contact_id;K3;K3;yes;;2
crm__contacts;K3;email;none@none.com;none@none.com;no;placeholder;2
crm__contacts;K3;phone;000000000;000000000;no;placeholder;2
crm__contacts;K4;contact_id;K4;K4;yes;;2
crm__contacts;K4;email;dirk@mail.example;dirk@mail.example;yes;;2
crm__contacts;K4;phone;+4915123456704;0151 23456704;yes;;2
crm__contacts;K5;contact_id;K5;K5;yes;;2
crm__contacts;K5;email;dirk@mail.example;dirk@mail.example;yes;;2
crm__contacts;K5;phone;+4915123456704;+4915123456704;yes;;2
crm__contacts;K6;contact_id;K6;K6;yes;;9
crm__contacts;K6;phone;+4915123456706;015123456706;yes;;9
crm__contacts;K7;contact_id;K7;K7;yes;;2
crm__contacts;K7;phone;+4915123456706;015123456706;yes;;2
crm__contacts;K8;contact_id;K8;K8;yes;;2
crm__contacts;K9;contact_id;K9;K9;yes;;2
crm__contacts;K9;email;gil@mail.example;gil@mail.example;yes;;2
crm__contacts;S0;contact_id;S0;S0;yes;;2
crm__contacts;S0;phone;+498001234567;08001234567;no;shared;2
crm__contacts;S1;contact_id;S1;S1;yes;;2
crm__contacts;S1;phone;+498001234567;08001234567;no;shared;2
crm__contacts;S2;contact_id;S2;S2;yes;;2
crm__contacts;S2;phone;+498001234567;08001234567;no;shared;2
crm__contacts;S3;contact_id;S3;S3;yes;;2
crm__contacts;S3;phone;+498001234567;08001234567;no;shared;2
crm__contacts;S4;contact_id;S4;S4;yes;;2
crm__contacts;S4;phone;+498001234567;08001234567;no;shared;2
ecommerce__accounts;A1;account_id;A1;A1;yes;;3
ecommerce__accounts;A1;email;anna@gmail.com;anna@gmail.com;yes;;3
ecommerce__accounts;A1;loyalty_card;771001;77-10 01;yes;;3
ecommerce__accounts;A4;account_id;A4;A4;yes;;2
ecommerce__accounts;A4;email;dirk@mail.example;dirk@mail.example;yes;;2
ecommerce__accounts;A8;account_id;A8;A8;yes;;2
ecommerce__accounts;A8;email;gil@mail.example;gil@mail.example;yes;;2
ecommerce__accounts;A9;account_id;A9;A9;yes;;6
ecommerce__accounts;A9;email;hana@mail.example;hana+x@mail.example;yes;;6
ecommerce__orders;O1;account_id;A1;A1;yes;;2
ecommerce__orders;O1;anonymous_id;c1;c1;no;device;2
ecommerce__orders;O1;email;anna@gmail.com;anna@gmail.com;yes;;2
ecommerce__orders;O2;anonymous_id;c3;c3;no;device;2
ecommerce__orders;O2;email;hana@mail.example;hana@mail.example;yes;;2
ecommerce__orders;O2;phone;+436641234567;0664 1234567;yes;;2
ecommerce__orders;O3;anonymous_id;c3;c3;no;device;2
ecommerce__orders;O4;account_id;guest;guest;no;placeholder;2
ecommerce__orders;O4;email;ines@mail.example;ines@mail.example;yes;;2
ecommerce__orders;O5;account_id;guest;guest;no;placeholder;2
ecommerce__orders;O5;email;jan@mail.example;jan@mail.example;yes;;2
ecommerce__orders;O6;email;dirk@mail.example;dirk@mail.example;yes;;2
marketing__deliveries;D1;social_handle;chirp|annaa;annaa;yes;;2
marketing__deliveries;D2;social_handle;twin;twin;no;invalid;2
marketing__deliveries;D3;contact_id;K8;K8;yes;;2
marketing__deliveries;D4;loyalty_card;UNSOLD1;unsold1;yes;;2
pos__receipts;R1;loyalty_card;771001;771001;yes;;1
pos__receipts;R2;loyalty_card;998;998;yes;;2
pos__receipts;R3;loyalty_card;998;9 9 8;yes;;7
pos__receipts;R5;email;nobody.knows@mail.example;nobody.knows@mail.example;yes;;2
service__tickets;T1;phone;+4915123456701;+49 151 23456701;yes;;2
service__tickets;T2;phone;+4915123456704;0151 23456704;yes;;2
service__tickets;T3;email;test@mail.example;test@mail.example;no;placeholder;2
service__tickets;T3;phone;+4915123456704;0151 23456704;yes;;2
social__profiles;chirp|@AnnaA;email;anna@gmail.com;Anna@gmail.com;yes;;2
social__profiles;chirp|@AnnaA;social_handle;chirp|annaa;chirp|@AnnaA;yes;;2
social__profiles;chirp|lone;social_handle;chirp|lone;chirp|lone;yes;;2
social__profiles;chirp|twin;email;dirk@mail.example;dirk@mail.example;yes;;2
social__profiles;chirp|twin;social_handle;chirp|twin;chirp|twin;yes;;2
social__profiles;snap|Twin;social_handle;snap|twin;snap|Twin;yes;;2
web__events;c1;account_id;A1;A1;yes;;2
web__events;c1;anonymous_id;c1;c1;no;device;2
web__events;c2;account_id;A1;A1;yes;;2
web__events;c2;account_id;A4;A4;yes;;2
web__events;c2;anonymous_id;c2;c2;no;device;2
web__events;c3;anonymous_id;c3;c3;no;device;2
web__events;c4;anonymous_id;c4;c4;no;device;2
web__events;c5;account_id;A-never-landed;A-never-landed;yes;;2
web__events;c5;account_id;A4;A4;yes;;2
web__events;c5;anonymous_id;c5;c5;no;device;2
"""
# entity; key; customer; matched by; personal
LINKS = """
crm__contacts;K1;ANNA;contact_id;yes
crm__contacts;K2;BORIS;contact_id;yes
crm__contacts;K3;CLEO;contact_id;yes
crm__contacts;K4;DIRK;contact_id;yes
crm__contacts;K5;EVA;contact_id;yes
crm__contacts;K6;FAY;contact_id;yes
crm__contacts;K7;FAY;contact_id;yes
crm__contacts;K8;GONE;contact_id;yes
crm__contacts;K9;GIL;contact_id;yes
crm__contacts;S0;SAM0;contact_id;yes
crm__contacts;S1;SAM1;contact_id;yes
crm__contacts;S2;SAM2;contact_id;yes
crm__contacts;S3;SAM3;contact_id;yes
crm__contacts;S4;SAM4;contact_id;yes
ecommerce__accounts;A1;ANNA;account_id;yes
ecommerce__accounts;A4;DIRK;account_id;yes
ecommerce__accounts;A8;GIL;account_id;yes
ecommerce__accounts;A9;HANA;account_id;yes
ecommerce__orders;O1;ANNA;account_id;no
ecommerce__orders;O2;HANA;email;no
ecommerce__orders;O3;HANA;anonymous_id;no
ecommerce__orders;O4;INES;email;no
ecommerce__orders;O5;JAN;email;no
ecommerce__orders;O6;DIRK;email;no
marketing__deliveries;D1;ANNA;social_handle;no
marketing__deliveries;D3;GONE;contact_id;no
pos__receipts;R1;ANNA;loyalty_card;no
pos__receipts;R2;CARD_998;loyalty_card;no
pos__receipts;R3;CARD_998;loyalty_card;no
service__tickets;T1;ANNA;phone;no
service__tickets;T2;EBEL_PHONE;phone;no
service__tickets;T3;EBEL_PHONE;phone;no
social__profiles;chirp|@AnnaA;ANNA;social_handle;yes
social__profiles;chirp|twin;DIRK;social_handle;yes
web__events;c1;ANNA;account_id;no
web__events;c3;HANA;anonymous_id;no
"""
NOBODY: Row = {
    **dict.fromkeys(column.name for column in contract.CUSTOMER_COLUMNS),
    "has_account": False,
    "has_contact": False,
    "has_loyalty_card": False,
    "has_social_profile": False,
    "first_seen_on": day(2),
    "last_seen_on": day(2),
    "is_deleted": False,
}
CONTACT: Row = {
    "name_source": "crm__contacts",
    "has_contact": True,
    "record_count": 1,
    "source_count": 1,
}
ORDER: Row = {"email_source": "ecommerce__orders", "record_count": 1, "source_count": 1}
# What differs from NOBODY.
GOLDEN: dict[str, Row] = {
    "ANNA": {
        **CONTACT,
        "title": "Dr",
        "first_name": "Anna",
        "last_name": "Alt",
        "email": "anna@gmail.com",
        "email_source": "ecommerce__accounts",
        "email_claimed_at": moment(3),
        "phone": "+4915123456701",
        "phone_source": "crm__contacts",
        # The account's is newer, and has no postal code.
        "street": "Weg 1",
        "city": "Ulm",
        "postal_code": "89073",
        "country": "DE",
        "address_source": "crm__contacts",
        "date_of_birth": date(1980, 5, 1),
        "date_of_birth_source": "crm__contacts",
        "loyalty_card_number": "771001",
        "loyalty_card_source": "ecommerce__accounts",
        "loyalty_card_claimed_at": moment(3),
        "record_count": 8,
        "source_count": 7,
        "has_account": True,
        "has_loyalty_card": True,
        "has_social_profile": True,
        "first_seen_on": day(1),
        "last_seen_on": day(8),
    },
    "BORIS": {**CONTACT, "first_name": "Boris"},
    "CLEO": {**CONTACT, "first_name": "Cleo"},
    "DIRK": {
        **CONTACT,
        "first_name": "Dirk",
        "last_name": "Ebel",
        "email": "dirk@mail.example",
        "email_source": "ecommerce__accounts",
        "phone": "+4915123456704",
        "phone_source": "crm__contacts",
        "record_count": 4,
        "source_count": 3,
        "has_account": True,
        "has_social_profile": True,
    },
    "EVA": {
        **CONTACT,
        "first_name": "Eva",
        "last_name": "Ebel",
        "email": "dirk@mail.example",
        "email_source": "crm__contacts",
        "phone": "+4915123456704",
        "phone_source": "crm__contacts",
    },
    "FAY": {
        **CONTACT,
        "first_name": "Fay",
        "last_name": "New",
        "phone": "+4915123456706",
        "phone_source": "crm__contacts",
        "record_count": 2,
        "last_seen_on": day(9),
    },
    "GONE": {
        **CONTACT,
        "last_name": "Gone",
        "record_count": 2,
        "source_count": 2,
        "is_deleted": True,
    },
    "GIL": {
        "last_name": "Married",
        "name_source": "ecommerce__accounts",
        "email": "gil@mail.example",
        "email_source": "ecommerce__accounts",
        "record_count": 2,
        "source_count": 2,
        "has_account": True,
        "has_contact": True,
    },
    **{f"SAM{n}": {**CONTACT, "first_name": "Sam"} for n in range(5)},
    "HANA": {
        "first_name": "Hana van",
        "last_name": "Dyk",
        "name_source": "ecommerce__orders",
        "email": "hana+x@mail.example",
        "email_source": "ecommerce__accounts",
        "phone": "+436641234567",
        "phone_source": "ecommerce__orders",
        "street": "Gasse 3",
        "country": "AT",
        "address_source": "ecommerce__orders",
        "record_count": 4,
        "source_count": 2,
        "has_account": True,
        "last_seen_on": day(6),
    },
    "CARD_998": {
        "loyalty_card_number": "998",
        "loyalty_card_source": "pos__receipts",
        "record_count": 2,
        "source_count": 1,
        "has_loyalty_card": True,
        "last_seen_on": day(7),
    },
    "INES": {**ORDER, "email": "ines@mail.example"},
    "JAN": {**ORDER, "email": "jan@mail.example"},
    "EBEL_PHONE": {
        "phone": "+4915123456704",
        "phone_source": "service__tickets",
        "record_count": 2,
        "source_count": 1,
    },
}
EMPTY_COUNTS = {
    "identifiers": {
        "records": 0,
        "linking_values": 0,
        "placeholder_values": 0,
        "invalid_values": 0,
        "shared_values": 0,
        "device_values": 0,
    },
    "match_records": {"match_records": 0},
    "matches": {"changed_records": 0, "candidate_pairs": 0, "links": 0, "conflicts": 0},
    "ids": {
        "ids": 0,
        "ids_issued": 0,
        "ids_changed": 0,
        "people": 0,
        "cut_links": 0,
        "combinations": 0,
        "clustered_values": 0,
        "most_values": 0,
    },
    "links": {"linked_records": 0},
    "values": {"values": 0},
    "customers": {"customers": 0},
}


def parsed(table: str) -> list[list[str]]:
    return [line.split(";") for line in table.strip().splitlines()]


def expected_identifiers() -> Rows:
    return {
        (*texts, links == "yes", reason or None, day(int(seen)))
        for *texts, links, reason, seen in parsed(IDENTIFIERS)
    }


def expected_links() -> Rows:
    return {
        (entity, key, IDS[customer], matched_by, personal == "yes")
        for entity, key, customer, matched_by, personal in parsed(LINKS)
    }


def expected_customers() -> list[Row]:
    rows = [NOBODY | {"customer_id": IDS[name]} | claimed(row) for name, row in GOLDEN.items()]
    return sorted(rows, key=lambda row: str(row["customer_id"]))


def claimed(row: Row) -> Row:
    """A golden record with the moments of its attributes, the second of January if not told."""
    sources = (name.removesuffix("_source") for name in row if name.endswith("_source"))
    return {f"{attribute}_claimed_at": moment(2) for attribute in sources} | row


@dataclass
class Resolved:
    """The three tables and the counts of each step after a run."""

    counts: dict[str, dict[str, int]]
    identifiers: Rows
    links: Rows
    customers: list[Row]


def content(engine: Engine, key: TableKey) -> list[Row]:
    rows = [row.asDict() for row in engine.table(key).collect()]
    return sorted(rows, key=str)


def resolved(engine: Engine) -> Resolved:
    """Resolved with ids as of the first time."""
    forget_ids(engine)
    counts = resolve(engine)
    identifiers, links, customers = (
        content(engine, key)
        for key in (contract.CUSTOMER_IDENTIFIERS, contract.CUSTOMER_LINKS, contract.CUSTOMERS)
    )
    seen = {tuple(row.values()) for row in identifiers}
    linked = {tuple(row.values()) for row in links}
    assert (len(seen), len(linked)) == (len(identifiers), len(links)), "a row came twice"
    return Resolved(counts, seen, linked, sorted(customers, key=lambda c: c["customer_id"]))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = Engine("sail", Lake(str(tmp_path_factory.mktemp("identity"))))
    create_silver(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def empty(engine: Engine) -> Resolved:
    fill(engine, dict.fromkeys(WORLD, ()))
    return resolved(engine)


@pytest.fixture(scope="module")
def full(engine: Engine, empty: Resolved) -> Resolved:
    assert empty.customers == [], "the empty lake comes first"
    fill(engine, WORLD)
    return resolved(engine)


def test_empty_lake_gives_empty_tables(empty: Resolved) -> None:
    assert (empty.identifiers, empty.links, empty.customers) == (set(), set(), [])
    assert empty.counts == EMPTY_COUNTS


def test_identifiers_are_these(full: Resolved) -> None:
    assert full.identifiers == expected_identifiers()


def test_links_are_these(full: Resolved) -> None:
    assert full.links == expected_links()


def test_customers_are_these(full: Resolved) -> None:
    assert full.customers == expected_customers()


def test_counts_are_what_the_tables_hold(full: Resolved) -> None:
    assert full.counts == {
        "identifiers": {
            "records": 44,
            "linking_values": 37,
            "placeholder_values": 4,
            "invalid_values": 1,
            "shared_values": 1,
            "device_values": 5,
        },
        "match_records": {"match_records": 24},
        # The couple's one mailbox and telephone link Dirk's account to him, and his profile to
        # both; that to her is cut.
        "matches": {"changed_records": 24, "candidate_pairs": 11, "links": 9, "conflicts": 2},
        "ids": {
            "ids": 18,
            "ids_issued": 18,
            "ids_changed": 18,
            "people": 18,
            "cut_links": 1,
            "combinations": 13,
            "clustered_values": 32,
            "most_values": 6,
        },
        "links": {"linked_records": 36},
        "values": {"values": 39},
        "customers": {"customers": 18},
    }


def test_every_personal_record_but_profiles_without_address_belongs_to_a_customer(
    full: Resolved,
) -> None:
    linked = {(row[0], row[1]) for row in full.links}
    people = {("crm__contacts", r["contact_id"]) for r in WORLD["crm__contacts"]}
    people |= {("ecommerce__accounts", r["account_id"]) for r in WORLD["ecommerce__accounts"]}
    assert people <= linked


def test_tables_do_not_depend_on_the_order_of_rows(engine: Engine, full: Resolved) -> None:
    fill(engine, {table: records[::-1] for table, records in WORLD.items()})
    again = resolved(engine)
    assert (again.identifiers, again.links, again.customers) == (
        full.identifiers,
        full.links,
        full.customers,
    )


def test_step_run_alone_gives_the_same_table(engine: Engine) -> None:
    fill(engine, WORLD)
    before = resolved(engine)
    build_links(engine)
    assert {tuple(r.values()) for r in content(engine, contract.CUSTOMER_LINKS)} == before.links


@pytest.mark.parametrize(
    ("table", "keeps", "was", "customer", "customers"),
    [
        (
            "ecommerce__accounts",
            lambda r: r["account_id"] != "A9",
            "HANA",
            "email:hana@mail.example",
            18,
        ),
        # Her phone was known from the contact alone: the ticket is a stranger's now.
        ("crm__contacts", lambda r: r["contact_id"] != "K1", "ANNA", "account_id:A1", 19),
    ],
    ids=["guest_not_registered_yet", "account_unknown_to_the_crm"],
)
def test_customer_without_its_strongest_record_is_named_by_the_next_identifier(
    engine: Engine,
    table: str,
    keeps: Callable[[Row], bool],
    was: str,
    customer: str,
    customers: int,
) -> None:
    fill(engine, WORLD | {table: [r for r in WORLD[table] if keeps(r)]})
    found = {c["customer_id"] for c in resolved(engine).customers}
    assert customer_id(customer) in found
    assert IDS[was] not in found
    assert len(found) == customers


def test_table_that_is_missing_is_an_error(lake: Lake) -> None:
    opened = Engine("sail", lake)
    try:
        with pytest.raises(MissingTableError, match="silver"):
            resolve(opened)
    finally:
        opened.close()
