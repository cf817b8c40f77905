"""Hand-made customers for identity: what each system holds of them, and how they are resolved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from customer360 import keys
from customer360.assets.silver_load import create_tables
from customer360.identity import contract
from customer360.identity.gate import Gate
from customer360.identity.resolve import (
    build_crosswalk,
    build_customers,
    build_identifiers,
    build_links,
    build_match_records,
    build_matches,
    build_values,
)
from customer360.resources.session import Engine
from customer360.settings import Settings
from customer360.sources import SOURCES
from customer360.transforms.contract import silver_columns
from customer360_tests.builders import spec

Row = dict[str, Any]


def day(number: int) -> date:
    return date(2026, 1, number)


def at(number: int) -> datetime:
    return datetime(2026, 1, number, 12, tzinfo=UTC)


# One line per record; landed on 2 January unless it says otherwise.
WORLD: dict[str, list[Row]] = {
    "crm__contacts": [
        # Anna, known to every system: phone to ticket, mailbox to account, its card to receipt.
        {"contact_id": "K1", "title": "Dr", "first_name": "Anna", "last_name": "Alt",
         "email": "a.n.na+crm@googlemail.com", "phone": "0151 / 2345 6701", "country": "DE",
         "street": "Weg 1", "city": "Ulm", "postal_code": "89073",
         "date_of_birth": date(1980, 5, 1)},
        # Two strangers with what clerks type when a field must not stay empty.
        {"contact_id": "K2", "first_name": "Boris", "email": "none@none.com", "phone": "000000000"},
        {"contact_id": "K3", "first_name": "Cleo", "email": "none@none.com", "phone": "000000000"},
        # A couple: one phone, and she left his address at the desk.
        {"contact_id": "K4", "first_name": "Dirk", "last_name": "Ebel", "country": "DE",
         "email": "dirk@mail.example", "phone": "0151 23456704"},
        {"contact_id": "K5", "first_name": "Eva", "last_name": "Ebel", "country": "DE",
         "email": "dirk@mail.example", "phone": "+4915123456704"},
        # One woman twice, once deleted; a man who is only deleted.
        {"contact_id": "K6", "op": "D", "is_deleted": True, "first_name": "Fay", "last_name": "Old",
         "phone": "015123456706", "updated_at": at(9), "landed_on": day(9)},
        {"contact_id": "K7", "first_name": "Fay", "last_name": "New", "phone": "015123456706"},
        {"contact_id": "K8", "op": "D", "is_deleted": True, "last_name": "Gone"},
        # A contact that is deleted while the account lives on, under another name.
        {"contact_id": "K9", "op": "D", "is_deleted": True, "last_name": "Single",
         "email": "gil@mail.example"},
        # A hotline that the desk typed into every file: more people than the limit of 4.
        *({"contact_id": f"S{n}", "first_name": "Sam", "phone": "08001234567"} for n in range(5)),
    ],
    "ecommerce__accounts": [
        {"account_id": "A1", "first_name": "Anna", "last_name": "Neu", "email": "anna@gmail.com",
         "loyalty_card_number": "77-10 01", "street": "Neue Str. 2", "city": "Köln",
         "country": "DE", "updated_at": at(3), "landed_on": day(3), "is_deleted": False},
        {"account_id": "A4", "first_name": "Dirk", "email": "dirk@mail.example"},
        {"account_id": "A8", "last_name": "Married", "email": "gil@mail.example"},
        {"account_id": "A9", "email": "hana+x@mail.example",
         "landed_on": day(6)},
    ],
    "social__profiles": [
        {"network": "chirp", "handle": "@AnnaA", "email": "Anna@gmail.com"},
        {"network": "chirp", "handle": "lone"},
        {"network": "chirp", "handle": "twin", "email": "dirk@mail.example"},
        {"network": "snap", "handle": "Twin"},
    ],
    "ecommerce__orders": [
        {"order_id": "O1", "account_id": "A1", "email": "anna@gmail.com", "anonymous_id": "c1"},
        # A guest who registers four days later, and a guest whose only trace is a browser of hers.
        {"order_id": "O2", "email": "hana@mail.example", "phone": "0664 1234567",
         "shipping_country": "AT", "shipping_name": "Hana van  Dyk", "anonymous_id": "c3",
         "shipping_street": "Gasse 3"},
        {"order_id": "O3", "anonymous_id": "c3"},
        # Guests of a shop that writes "guest" for no account.
        {"order_id": "O4", "account_id": "guest", "email": "ines@mail.example"},
        {"order_id": "O5", "account_id": "guest", "email": "jan@mail.example"},
        {"order_id": "O6", "email": "dirk@mail.example"},
    ],
    "service__tickets": [
        {"ticket_id": "T1", "phone": "+49 151 23456701"},
        {"ticket_id": "T2", "phone": "0151 23456704"},
        {"ticket_id": "T3", "phone": "0151 23456704", "email": "test@mail.example"},
    ],
    "pos__receipts": [
        {"receipt_id": "R1", "loyalty_card_number": "771001", "landed_on": day(1)},
        {"receipt_id": "R2", "loyalty_card_number": "998"},
        {"receipt_id": "R3", "loyalty_card_number": "9 9 8", "landed_on": day(7)},
        {"receipt_id": "R4"},
        {"receipt_id": "R5", "receipt_email": "nobody.knows@mail.example"},
    ],
    "marketing__deliveries": [
        {"delivery_id": "D1", "handle": "annaa"},
        {"delivery_id": "D2", "handle": "twin"},
        {"delivery_id": "D3", "contact_id": "K8"},
        {"delivery_id": "D4", "loyalty_card_number": "unsold1"},
    ],
    "web__events": [
        {"event_id": "E1", "anonymous_id": "c1", "landed_on": day(8)},
        {"event_id": "E2", "anonymous_id": "c1", "account_id": "A1"},
        {"event_id": "E3", "anonymous_id": "c2", "account_id": "A1"},
        {"event_id": "E4", "anonymous_id": "c2", "account_id": "A4"},
        {"event_id": "E5", "anonymous_id": "c3"},
        {"event_id": "E6", "anonymous_id": "c4"},
        {"event_id": "E7", "anonymous_id": "c5", "account_id": "A4"},
        {"event_id": "E8", "anonymous_id": "c5", "account_id": "A-never-landed"},
        {"event_id": "E9"},
    ],
}  # fmt: skip
DEFAULTS: Row = {
    "landed_on": day(2), "updated_at": at(2), "sold_at": at(2), "occurred_at": at(2), "op": "U",
    "total_amount": Decimal("1.00"), "is_deleted": False,
}  # fmt: skip


def create_silver(engine: Engine) -> None:
    """Make every silver table, empty."""
    for source in SOURCES:
        for entity in source.entities:
            create_tables(engine, source, entity)


def fill(engine: Engine, world: Mapping[str, Sequence[Row]]) -> None:
    for table, records in world.items():
        columns = silver_columns(spec(table)[1])
        ddl = ", ".join(f"{name} {kind}" for name, kind in columns)
        rows = [tuple((DEFAULTS | r).get(name) for name, _ in columns) for r in records]
        engine.overwrite(
            keys.silver(table),
            columns,
            engine.session.createDataFrame(rows, ddl),
            partitioned=spec(table)[1].partitioned,
        )


def forget_ids(engine: Engine) -> None:
    """Let ids be given as if for the first time."""
    for key in (
        contract.CUSTOMER_MEMBERS,
        contract.HOUSEHOLD_MEMBERS,
        contract.CUSTOMER_CROSSWALK,
    ):
        engine.keep_rows(key, contract.typed(contract.TABLES[key]), [])


def issue_ids(engine: Engine) -> dict[str, int]:
    """Give customers their ids, in a run of now."""
    settings = Settings(lake=engine.lake.url)
    return build_crosswalk(engine, Gate(settings, "a run", datetime.now(UTC)))[0]


def link_again(engine: Engine) -> None:
    """What decisions change: ids, and whose every record is."""
    issue_ids(engine)
    build_links(engine)


def resolve(engine: Engine) -> dict[str, dict[str, int]]:
    return {
        "identifiers": build_identifiers(engine, default_country="DE", shared_limit=4),
        "match_records": build_match_records(engine),
        "matches": build_matches(engine),
        "ids": issue_ids(engine),
        "links": build_links(engine),
        "values": build_values(engine),
        "customers": build_customers(engine),
    }
