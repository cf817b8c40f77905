"""Finding a customer by anything that identifies one, and reading what the lake holds of it.

No engine: silver and gold are read with filters that reach the files. How it is shown is in
`commands.customer`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from customer360.commands.customer_values import values_or_none
from customer360.errors import MissingTableError
from customer360.identity.contract import (
    CUSTOMER_CROSSWALK,
    CUSTOMER_IDENTIFIERS,
    CUSTOMER_LINKS,
    CUSTOMERS,
)
from customer360.identity.typed_identifiers import spellings
from customer360.keys import CUSTOMER_360, GOLD, TableKey

if TYPE_CHECKING:
    from customer360.resources.reading import Reader

LAST_EVENTS: Final = 20
# What happened, by gold table: the moment and a sentence, in DuckDB's SQL. Tickets are told by
# their own table, so those among the interactions are left out.
_EVENTS: Final = (
    (
        TableKey(GOLD, "fct_orders"),
        "ordered_at",
        "channel || ' ' || case when is_return then 'return' else 'order' end",
        "order_id || ', ' || coalesce(status, 'no status') || ', ' || total_amount::varchar",
        "true",
    ),
    (
        TableKey(GOLD, "fct_web_sessions"),
        "started_at",
        "'web session'",
        """event_count::varchar || ' events' ||
        case when purchase_count > 0 then ', purchase' when is_cart_abandoned then ', cart left'
        else '' end || coalesce(', from ' || landing_page_url, '')""",
        "true",
    ),
    (
        TableKey(GOLD, "fct_tickets"),
        "opened_at",
        "'ticket'",
        "ticket_id || coalesce(', ' || topic, '') || coalesce(', ' || status, '')",
        "true",
    ),
    (
        TableKey(GOLD, "fct_interactions"),
        "occurred_at",
        "source || ' ' || interaction_type",
        "source_id || coalesce(', ' || channel, '') || coalesce(', campaign ' || campaign_id, '')",
        "source <> 'service'",
    ),
)


@dataclass(frozen=True)
class Match:
    """A customer that was found, and by what."""

    customer_id: str
    found_by: str


@dataclass(frozen=True)
class Search:
    """What a search found.

    Attributes:
        spellings: What was looked for.
        matches: The customers, sorted by id.
        unlinked: Records that carry the identifier but belong to no customer, with the reason.
    """

    spellings: tuple[str, ...]
    matches: tuple[Match, ...]
    unlinked: tuple[str, ...]


@dataclass(frozen=True)
class CustomerView:
    """What the lake holds of one customer; `missing` names gold tables that are not there."""

    customer_id: str
    found_by: str
    profile: dict[str, Any]
    values: tuple[dict[str, Any], ...]
    records: tuple[dict[str, Any], ...]
    events: tuple[dict[str, Any], ...]
    missing: tuple[str, ...]


def find(reader: Reader, text: str, default_country: str) -> Search:
    """Find customers by customer id, also one that they had once, by identifier or record key.

    Raises:
        MissingTableError: Identity has not been resolved yet.
    """
    wanted = spellings(text, default_country)
    slots = ", ".join("?" for _ in wanted)
    links = reader.table(CUSTOMER_LINKS)
    by_id = reader.rows(
        f"select customer_id, 'customer id' as found_by from {reader.table(CUSTOMERS)} "
        f"where customer_id in ({slots})",
        wanted,
    )
    by_key = reader.rows(
        f"select customer_id, 'key of ' || entity as found_by from {links} "
        f"where record_key in ({slots})",
        wanted,
    )
    carriers = reader.rows(
        "select i.entity, i.record_key, i.identifier_type, i.is_linking, i.excluded_because, "
        f"l.customer_id from {reader.table(CUSTOMER_IDENTIFIERS)} i left join {links} l "
        "on l.entity = i.entity and l.record_key = i.record_key "
        f"where i.identifier_value in ({slots}) or i.raw_value in ({slots})",
        (*wanted, *wanted),
    )
    by_identifier = [
        {"customer_id": row["customer_id"], "found_by": _reason(row)}
        for row in carriers
        if row["customer_id"]
    ]
    reasons: dict[str, set[str]] = {}
    for row in (*by_id, *_by_former_id(reader, wanted), *by_identifier, *by_key):
        reasons.setdefault(row["customer_id"], set()).add(row["found_by"])
    unlinked = sorted({_carried(row) for row in carriers if not row["customer_id"]})
    matches = (Match(customer, ", ".join(sorted(by))) for customer, by in sorted(reasons.items()))
    return Search(wanted, tuple(matches), tuple(unlinked))


def _by_former_id(reader: Reader, wanted: Sequence[str]) -> list[dict[str, Any]]:
    """Customers who took in the one that an id stood for."""
    if not reader.lake.exists(CUSTOMER_CROSSWALK):
        return []
    return reader.rows(
        "select current_id as customer_id, 'former customer id' as found_by "
        f"from {reader.table(CUSTOMER_CROSSWALK)} where valid_to is null "
        f"and current_id <> customer_id and customer_id in ({', '.join('?' for _ in wanted)})",
        wanted,
    )


def _reason(row: dict[str, Any]) -> str:
    excluded = row["excluded_because"]
    return f"{row['identifier_type']}{f' (does not link: {excluded})' if excluded else ''}"


def _carried(row: dict[str, Any]) -> str:
    return f"{row['entity']} {row['record_key']} ({_reason(row)})"


def view(reader: Reader, match: Match) -> CustomerView:
    """Read one customer's profile, what is claimed of it, its records and last events."""
    missing: list[str] = []
    profile = _first(reader, CUSTOMERS, match.customer_id, missing)
    profile |= _first(reader, CUSTOMER_360, match.customer_id, missing)
    records = reader.rows(
        f"select entity, record_key, matched_by, is_personal from {reader.table(CUSTOMER_LINKS)} "
        "where customer_id = ? order by is_personal desc, entity, record_key",
        (match.customer_id,),
    )
    values = values_or_none(reader, match.customer_id, missing)
    events = last_events(reader, match.customer_id, missing)
    return CustomerView(
        match.customer_id,
        match.found_by,
        profile,
        values,
        tuple(records),
        tuple(events),
        tuple(missing),
    )


def _first(reader: Reader, key: TableKey, customer: str, missing: list[str]) -> dict[str, Any]:
    """The customer's row of a table; none when the table is not there or does not know it."""
    try:
        table = reader.table(key)
    except MissingTableError:
        missing.append(f"{key.sql} is not built yet")
        return {}
    rows = reader.rows(f"select * from {table} where customer_id = ?", (customer,))
    if not rows:
        missing.append(f"{key.sql} does not know the customer: it is older than identity")
    return rows[0] if rows else {}


def last_events(reader: Reader, customer: str, missing: list[str]) -> list[dict[str, Any]]:
    """The last events of a customer across channels, newest first; names missing tables."""
    found: list[dict[str, Any]] = []
    for key, moment, event, detail, condition in _EVENTS:
        try:
            table = reader.table(key)
        except MissingTableError:
            missing.append(f"{key.sql} is not built yet")
            continue
        found += reader.rows(
            f'select {moment} as "at", {event} as event, {detail} as detail from {table} '
            f"where customer_id = ? and {condition} and {moment} is not null "
            f'order by "at" desc, detail limit {LAST_EVENTS}',
            (customer,),
        )
    newest = sorted(found, key=lambda e: (e["at"], e["event"], e["detail"]), reverse=True)
    return newest[:LAST_EVENTS]


def summaries(reader: Reader, matches: Sequence[Match]) -> list[dict[str, Any]]:
    """One line per customer: who, and by what it was found."""
    slots = ", ".join("?" for _ in matches)
    rows = reader.rows(
        "select customer_id, concat_ws(' ', first_name, last_name) as name, email, phone, city, "
        f"record_count from {reader.table(CUSTOMERS)} where customer_id in ({slots})",
        [m.customer_id for m in matches],
    )
    known = {row["customer_id"]: row for row in rows}
    return [
        {"customer_id": m.customer_id, **known.get(m.customer_id, {}), "found_by": m.found_by}
        for m in matches
    ]
