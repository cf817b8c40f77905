"""Orders and a loyalty card that move to another person: the one loses what the other gains.

In two orders of loading, so that neither what was known before nor what comes late decides.
"""

from __future__ import annotations

import io
import shutil
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console

from customer360 import keys
from customer360.commands.run import run
from customer360.fingerprint import differences, fingerprints
from customer360.identity.contract import CUSTOMER_LINKS
from customer360.resources.lake import Lake
from customer360.settings import Settings
from customer360_tests.builders import DAY, land, record

DAY_2, DAY_3 = DAY + timedelta(days=1), DAY + timedelta(days=2)
ADA = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Byron"}
BOB = {"email": "bob@example.com", "first_name": "Bob", "last_name": "Crane"}
CARD = {"loyalty_card_number": "4711000815"}


def _order(order_id: str, account_id: str | None, email: str, at: str) -> dict[str, Any]:
    """A version of an order as of a moment of January 2026."""
    changed = {"order_id": order_id, "account_id": account_id, "email": email}
    return record("ecommerce__orders", **changed, updated_at=f"2026-01-{at}Z")


def _contact(contact_id: str, person: dict[str, str], at: str, **more: Any) -> dict[str, Any]:
    changed = {"contact_id": contact_id, **person, "updated_at": f"2026-01-{at}Z", **more}
    return record("crm__contacts", **changed)


def _land(lake: Lake) -> None:
    """All is Ada's; the day after it is Bob's; then a late version says again that it was Ada's."""
    accounts = [
        record("ecommerce__accounts", account_id="A1", **ADA),
        record("ecommerce__accounts", account_id="A2", **BOB),
    ]
    land(lake, "ecommerce__accounts", accounts)
    land(lake, "crm__contacts", [_contact("K1", ADA, "02T08:00:00", **CARD)])
    land(lake, "pos__receipts", [record("pos__receipts", **CARD)])
    land(lake, "pos__receipt_lines", [record("pos__receipt_lines")])
    orders = [
        _order("by-account", "A1", "ada@example.com", "02T09:00:00"),
        _order("by-email", None, "ada@example.com", "02T09:00:00"),
    ]
    land(lake, "ecommerce__orders", orders)

    contacts = [
        _contact("K1", ADA, "03T08:00:00", op="U"),
        _contact("K2", BOB, "03T08:00:00", **CARD),
    ]
    land(lake, "crm__contacts", contacts, day=DAY_2)
    moved = [
        _order("by-account", "A2", "bob@example.com", "03T09:00:00"),
        _order("by-email", None, "bob@example.com", "03T09:00:00"),
    ]
    land(lake, "ecommerce__orders", moved, day=DAY_2)

    late = [
        _order("by-account", "A1", "ada@example.com", "02T12:00:00"),
        _order("by-email", None, "ada@example.com", "02T12:00:00"),
    ]
    land(lake, "ecommerce__orders", late, day=DAY_3)
    land(lake, "crm__contacts", [_contact("K1", ADA, "02T12:00:00", op="U", **CARD)], day=DAY_3)


def _run(lake: Lake, first: date, last: date) -> None:
    run(Settings(lake=lake.url), Console(file=io.StringIO()), first=first, last=last)


def _customers(lake: Lake) -> dict[str, str]:
    """Customer ids by the account that the customer has."""
    links = lake.arrow(CUSTOMER_LINKS, ["entity", "record_key", "customer_id"]).to_pylist()
    accounts = {"A1": "Ada", "A2": "Bob"}
    return {
        link["customer_id"]: accounts[link["record_key"]]
        for link in links
        if link["entity"] == "ecommerce__accounts"
    }


def _owners(lake: Lake) -> list[tuple[str, str, str]]:
    """Entity, key and owner of every linked record."""
    people = _customers(lake)
    links = lake.arrow(CUSTOMER_LINKS, ["entity", "record_key", "customer_id"]).to_pylist()
    return sorted((r["entity"], r["record_key"], people[r["customer_id"]]) for r in links)


def _buyers(lake: Lake) -> dict[str, str]:
    """Owner of every order of gold."""
    people = _customers(lake)
    rows = lake.arrow(keys.gold("fct_orders"), ["order_id", "customer_id"]).to_pylist()
    return {row["order_id"]: people[row["customer_id"]] for row in rows}


def _spent(lake: Lake) -> dict[str, tuple[int, int, Decimal, str | None]]:
    """Orders of the store and of the shop, money and loyalty card of every customer."""
    people = _customers(lake)
    return {
        people[row["customer_id"]]: (
            row["store_order_count"],
            row["web_order_count"],
            row["lifetime_spend_amount"],
            row["loyalty_card_number"],
        )
        for row in lake.arrow(keys.gold("customer_360")).to_pylist()
    }


def test_keys_that_move_to_another_customer_take_their_orders_along_in_any_order(
    settings: Settings, lake: Lake, tmp_path: Path
) -> None:
    del settings  # It sets DAGSTER_HOME.
    _land(lake)
    backwards = Lake(str(tmp_path / "backwards"))
    shutil.copytree(lake.landing, backwards.landing, copy_function=shutil.copy2)

    _run(lake, DAY, DAY)
    assert _buyers(lake) == {"R1": "Ada", "by-account": "Ada", "by-email": "Ada"}
    assert _spent(lake) == {
        "Ada": (1, 2, Decimal("50.50"), "4711000815"),
        "Bob": (0, 0, Decimal("0.00"), None),
    }
    _run(lake, DAY_2, DAY_3)
    assert _owners(lake) == [
        ("crm__contacts", "K1", "Ada"),
        ("crm__contacts", "K2", "Bob"),
        ("ecommerce__accounts", "A1", "Ada"),
        ("ecommerce__accounts", "A2", "Bob"),
        ("ecommerce__orders", "by-account", "Bob"),
        ("ecommerce__orders", "by-email", "Bob"),
        ("pos__receipts", "R1", "Bob"),
    ]
    assert _buyers(lake) == {"R1": "Bob", "by-account": "Bob", "by-email": "Bob"}
    assert _spent(lake) == {
        "Ada": (0, 0, Decimal("0.00"), None),
        "Bob": (1, 2, Decimal("50.50"), "4711000815"),
    }

    # Backwards, and with the day of the move in both ranges.
    _run(backwards, DAY_2, DAY_3)
    _run(backwards, DAY, DAY_2)
    here, there = (fingerprints(one, modulo_ids=True) for one in (lake, backwards))
    assert differences(here, there) == []
