"""One customer: who it is and why, what they bought, said, asked and were sent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from customer360.serving.dashboard.figures import words
from customer360.serving.dashboard.view import Choice, Content, View

EVENTS_SHOWN: Final = 100
_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_EVERYTHING: Final = "everything"
_AND: Final = "|"
# Behind every key: nothing of the moment itself.
_LAST: Final = "~"
_EVENTS: Final = (
    "purchase", "return", "cancelled_order", "web_session", "ticket", "social", "campaign_sent",
    "campaign_opened", "campaign_clicked", "campaign_unsubscribed",
)  # fmt: skip
# Attribute of the golden record, the columns that show it, and the one that says where it is from.
_GOLDEN: Final = (
    ("name", ("title", "first_name", "last_name"), "name_source", "name_claimed_at"),
    ("email", ("email",), "email_source", "email_claimed_at"),
    ("phone", ("phone",), "phone_source", "phone_claimed_at"),
    (
        "address",
        ("street", "postal_code", "city", "country"),
        "address_source",
        "address_claimed_at",
    ),
    ("date_of_birth", ("date_of_birth",), "date_of_birth_source", "date_of_birth_claimed_at"),
    (
        "loyalty_card",
        ("loyalty_card_number",),
        "loyalty_card_source",
        "loyalty_card_claimed_at",
    ),
)


class UnknownCustomerError(Exception):
    """No customer has, or ever had, this id."""


def content(view: View) -> Content:
    """Everything that gold holds of one customer.

    Raises:
        UnknownCustomerError: There is none.
    """
    customer_id = view.asked["customer_id"]
    customer = _customer(view, customer_id)
    if customer is None:
        customer_id = _current_id(view, customer_id)
        customer = _customer(view, customer_id)
        if customer is None:
            raise UnknownCustomerError("The id is none that was ever given to a customer.")
    kinds = [Choice(_EVERYTHING, "everything"), *(Choice(e, words(e)) for e in _EVENTS)]
    shown = view.chosen("what", "What", kinds)
    events = _events(view, customer_id, shown.chosen)
    return {
        "asked_id": view.asked["customer_id"],
        "customer": customer,
        "golden": _golden(view, customer_id),
        "values": _of(view, "customer_attribute_values", customer_id, "attribute, rank"),
        "records": _of(view, "customer_records", customer_id, "entity, record_key"),
        "household": _household(view, customer),
        "categories": _of(view, "customer_categories", customer_id, "affinity_rank limit 10"),
        "segments": _of(view, "customer_segments_monthly", customer_id, "month_end_on"),
        "filters": [shown],
        "events": events[:EVENTS_SHOWN],
        "older": _place(events[EVENTS_SHOWN - 1]) if len(events) > EVENTS_SHOWN else None,
        "campaigns": _campaign_names(view, events),
    }


def _customer(view: View, customer_id: str) -> dict[str, Any] | None:
    if not _ID.fullmatch(customer_id):
        return None
    rows = _of(view, "customer_360", customer_id, "customer_id")
    return rows[0] if rows else None


def _current_id(view: View, customer_id: str) -> str:
    """The customer that a former id stands for now."""
    rows = view.rows(
        f"select customer_id from {view.table('customer_search')} "
        "where term = ? and term_kind = 'former_id'",
        [customer_id.lower()],
    )
    return str(rows[0]["customer_id"]) if rows else ""


def _of(view: View, table: str, customer_id: str, order: str) -> list[dict[str, Any]]:
    return view.rows(
        f"select * from {view.table(table)} where customer_id = ? order by {order}", [customer_id]
    )


def _golden(view: View, customer_id: str) -> list[dict[str, Any]]:
    rows = _of(view, "dim_customers", customer_id, "customer_id")
    return [
        {
            "attribute": attribute,
            "parts": [(column, row[column]) for column in columns if row[column] is not None],
            "source": row[source],
            "claimed_at": row[claimed_at],
        }
        for row in rows
        for attribute, columns, source, claimed_at in _GOLDEN
    ]


def _household(view: View, customer: dict[str, Any]) -> list[dict[str, Any]]:
    """The others of the household."""
    if not customer["household_id"] or (customer["household_member_count"] or 0) < 2:
        return []
    return view.rows(
        f"""select customer_id, first_name, last_name, segment, lifetime_spend_amount
        from {view.table("customer_360")} where household_id = ? and customer_id <> ?
        order by customer_id limit 50""",
        [customer["household_id"], customer["customer_id"]],
    )


def _events(view: View, customer_id: str, what: str) -> list[dict[str, Any]]:
    """The newest events, or those before a moment; one more than is shown."""
    where, parameters = "customer_id = ?", [customer_id]
    if what != _EVERYTHING:
        where, parameters = f"{where} and event_type = ?", [*parameters, what]
    moment, _, key = view.asked.get("before", "").partition(_AND)
    before = _moment(moment)
    found: Sequence[object] = parameters
    if before is not None:
        later = "(occurred_at < ? or occurred_at = ? and event_key > ?)"
        where, found = f"{where} and {later}", [*parameters, before, before, key or _LAST]
    return view.rows(
        f"select * from {view.table('customer_timeline')} where {where} "
        f"order by occurred_at desc, event_key limit {EVENTS_SHOWN + 1}",
        found,
    )


def _place(event: Mapping[str, Any]) -> str:
    """Where the list goes on: several things happen at one moment."""
    return f"{event['occurred_at'].isoformat()}{_AND}{event['event_key']}"


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _campaign_names(view: View, events: Sequence[dict[str, Any]]) -> dict[str, str]:
    if not any(event["event_type"].startswith("campaign") for event in events):
        return {}
    rows = view.rows(
        f"select distinct campaign_id, campaign_name from {view.table('campaign_performance')}"
    )
    return {row["campaign_id"]: row["campaign_name"] for row in rows if row["campaign_name"]}
