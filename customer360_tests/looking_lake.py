"""A tiny lake written by hand for the looking commands: three people, two gold tables, faults.

Ada has an account, a contact and three events; Bob shares her phone; Carl's e-mail address belongs
to no customer. Nothing is computed, so a wrong answer can only come from the command.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from customer360 import keys
from customer360.identity import contract
from customer360.landing.files import day_fingerprint, list_files
from customer360.resources.lake import Lake
from customer360.resources.loads import Load, record_loads
from customer360.transforms.contract import QUARANTINE_COLUMNS
from customer360_tests.builders import DAY, land, record

ADA, BOB = "C-ada", "C-bob"
LATER = date(2026, 1, 4)
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
_TYPES = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
    "decimal(18,2)": pa.decimal128(18, 2),
}
_ORDERS = [
    ("customer_id", "string"),
    ("order_id", "string"),
    ("channel", "string"),
    ("ordered_at", "timestamp"),
    ("status", "string"),
    ("is_return", "boolean"),
    ("total_amount", "decimal(18,2)"),
]
_INTERACTIONS = [
    ("customer_id", "string"),
    ("source", "string"),
    ("interaction_type", "string"),
    ("source_id", "string"),
    ("channel", "string"),
    ("campaign_id", "string"),
    ("occurred_at", "timestamp"),
]


def write(
    lake: Lake,
    key: keys.TableKey,
    columns: Sequence[tuple[str, str]],
    rows: Sequence[Mapping[str, Any]],
) -> None:
    """Write a table with declared types; what a row does not name is null."""
    schema = pa.schema([(name, _TYPES[kind]) for name, kind in columns])
    filled = [{name: row.get(name) for name, _ in columns} for row in rows]
    write_deltalake(lake.table_url(key), pa.Table.from_pylist(filled, schema=schema))


def build(folder: Path) -> Lake:
    """Write the lake."""
    lake = Lake(str(folder / "lake"))
    _identity(lake)
    _gold(lake)
    _operations(lake)
    return lake


def _identity(lake: Lake) -> None:
    people = [
        {"customer_id": ADA, "first_name": "Ada", "email": "ada@gmail.com", "record_count": 3},
        {"customer_id": BOB, "first_name": "Bob", "record_count": 1},
    ]
    write(lake, contract.CUSTOMERS, contract.typed(contract.CUSTOMER_COLUMNS), people)
    links = [
        ("ecommerce__accounts", "A1", ADA, "account_id", True),
        ("crm__contacts", "K1", ADA, "email", True),
        ("ecommerce__orders", "O1", ADA, "account_id", False),
        ("crm__contacts", "K2", BOB, "contact_id", True),
    ]
    columns = contract.typed(contract.LINK_COLUMNS)
    names = [name for name, _ in columns]
    rows = [dict(zip(names, link, strict=True)) for link in links]
    write(lake, contract.CUSTOMER_LINKS, columns, rows)
    identifiers = [
        (
            "ecommerce__accounts",
            "A1",
            "email",
            "ada@gmail.com",
            "A.da+shop@googlemail.com",
            True,
            None,
        ),
        ("crm__contacts", "K1", "phone", "+4930123456", "030 123456", True, None),
        ("crm__contacts", "K2", "phone", "+4930123456", "030/123456", False, "conflict"),
        ("service__tickets", "T9", "email", "carl@example.com", "carl@example.com", True, None),
    ]
    columns = contract.typed(contract.IDENTIFIER_COLUMNS)
    names = [name for name, _ in columns]
    rows = [dict(zip(names, identifier, strict=False)) for identifier in identifiers]
    write(lake, contract.CUSTOMER_IDENTIFIERS, columns, rows)
    claims = [
        (ADA, "email", "ada@old.example", 2, "crm__contacts", "K1", NOW, 1, "less_trusted"),
        (ADA, "email", "ada@gmail.com", 1, "ecommerce__accounts", "A1", NOW, 2, "chosen"),
        (BOB, "name", "Bob", 1, "crm__contacts", "K2", NOW, 1, "chosen"),
    ]
    columns = contract.typed(contract.VALUE_COLUMNS)
    names = [name for name, _ in columns]
    rows = [dict(zip(names, claim, strict=True)) for claim in claims]
    write(lake, contract.CUSTOMER_VALUES, columns, rows)


def _gold(lake: Lake) -> None:
    def at(hour: int) -> datetime:
        return datetime(2026, 1, 2, hour, tzinfo=UTC)

    order = {"customer_id": ADA, "channel": "store", "status": "completed", "is_return": False}
    orders = [
        order | {"order_id": "R1", "ordered_at": at(9), "total_amount": Decimal("10.50")},
        order
        | {
            "order_id": "R2",
            "ordered_at": at(12),
            "total_amount": Decimal("-3.00"),
            "is_return": True,
        },
        order
        | {
            "order_id": "R3",
            "ordered_at": at(13),
            "total_amount": Decimal("1.00"),
            "customer_id": BOB,
        },
    ]
    write(lake, keys.TableKey(keys.GOLD, "fct_orders"), _ORDERS, orders)
    social = {
        "customer_id": ADA,
        "source": "social",
        "interaction_type": "comment",
        "source_id": "I1",
    }
    interactions = [
        social | {"occurred_at": at(10), "channel": "chirp"},
        social | {"occurred_at": at(11), "source": "service", "source_id": "T1"},
    ]
    write(lake, keys.TableKey(keys.GOLD, "fct_interactions"), _INTERACTIONS, interactions)


def _operations(lake: Lake) -> None:
    contacts = [("contact_id", "string"), ("issues", "string"), ("landed_on", "date")]
    both, one = "date_of_birth:not_a_date;updated_at:not_a_timestamp", "date_of_birth:not_a_date"
    rows = [
        {"contact_id": n, "issues": i, "landed_on": DAY}
        for n, i in (("K1", both), ("K2", one), ("K3", None))
    ]
    write(lake, keys.silver("crm__contacts"), contacts, rows)
    failure = {"rule": "missing", "column_name": "contact_id", "landed_on": DAY}
    faults = [failure, failure, failure | {"rule": "bad_encoding", "column_name": None}]
    write(lake, keys.quarantine("crm__contacts"), QUARANTINE_COLUMNS, faults)
    land(lake, "crm__contacts", [record("crm__contacts")])
    land(lake, "web__events", [record("web__events")], day=LATER)
    (Path(lake.landing) / "fax").mkdir()
    files = list_files(lake.landing, "crm", "contacts")
    load = Load("crm__contacts", DAY, day_fingerprint(files), 1, 6, Decimal(0))
    record_loads(lake, "crm__contacts", [load], at=NOW)
