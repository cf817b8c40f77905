"""`customer360 customer`: everything known about one person, by any identifier of theirs.

Where it is read from is in `commands.customer_lookup`; here it is laid out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from rich.table import Table
from rich.text import Text

from customer360.commands.customer_lookup import CustomerView, Search, find, summaries, view
from customer360.commands.customer_values import values_table
from customer360.errors import Customer360Error
from customer360.resources.lake import Lake
from customer360.spelling import exact, shown

if TYPE_CHECKING:
    from rich.console import Console

    from customer360.settings import Settings

_SHOWN_RECORDS: Final = 30
# A column belongs to the first section that names it or one of whose endings or beginnings it has.
SECTIONS: Final = tuple(
    (title, tuple(starts.split()))
    for title, starts in {
        "Person": "title first_name last_name name_ date_of_birth age_ is_deleted",
        "Contact": "email phone street city postal_code country address_ loyalty_ household_",
        "Known from": (
            "has_account has_contact has_loyalty has_social source_ record_ first_seen last_seen "
            "as_of"
        ),
        "Value": "segment recency frequency monetary rfm",
        "Buying": (
            "order_ store_ web_ return cancelled item_ lifetime average_order first_ordered "
            "last_ordered last_store last_web buying top_"
        ),
        "Web": "session page_ product_ cart_ abandoned last_session",
        "Service": "ticket open_ticket average_csat last_ticket",
        "Social": "social review last_social",
        "Campaigns": "campaign unsubscribe has_unsubscribed last_campaign",
    }.items()
)
_CONSENT: Final = ("Consent", ("_consent", "_allowed"))
_OTHER: Final = "Other"


class NoCustomerError(Customer360Error):
    """Nobody was found; the message says what was searched."""


def show_customer(settings: Settings, console: Console, text: str, *, as_json: bool) -> None:
    """Print the customer that an identifier belongs to, or a list where several do.

    Args:
        settings: The settings.
        console: Where it goes.
        text: Customer id, e-mail address, phone, card number, account or contact id, or the key of
            a record such as an order.
        as_json: A JSON list of customers with everything, one element per match.

    Raises:
        NoCustomerError: Nobody was found.
        MissingTableError: Identity has not been resolved yet.
    """
    from customer360.resources.reading import open_reader

    with open_reader(Lake(settings.lake)) as reader:
        search = find(reader, text, settings.default_country)
        if not search.matches:
            raise NoCustomerError(_nobody(search))
        if as_json:
            document = [asdict(view(reader, match)) for match in search.matches]
            console.out(json.dumps(exact(document), indent=2, ensure_ascii=False), highlight=False)
        elif len(search.matches) > 1:
            console.print(
                f"{len(search.matches)} customers carry {text!r}:", markup=False, emoji=False
            )
            console.print(_list(summaries(reader, search.matches)))
            console.print("Name one by its customer id to see it.")
        else:
            for part in _parts(view(reader, search.matches[0])):
                console.print(part)


def _nobody(search: Search) -> str:
    looked = ", ".join(repr(s) for s in search.spellings)
    message = (
        f"No customer found. Searched customer ids, identifiers and record keys for {looked}; "
        "expected a customer id, e-mail address, phone, card number, account or contact id."
    )
    if search.unlinked:
        carried = "\n".join(f"  {record}" for record in search.unlinked[:_SHOWN_RECORDS])
        message += f"\nRecords that carry it but belong to no customer:\n{carried}"
    return message


def _list(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table()
    for name in rows[0]:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(Text(shown(value)) for value in row.values()))
    return table


def _parts(customer: CustomerView) -> Iterator[Table | Text]:
    yield Text(f"Customer {customer.customer_id}, found by {customer.found_by}", style="bold")
    yield _profile(customer.profile)
    if customer.values:
        yield values_table(customer.values)
    yield _records(customer.records)
    yield _events(customer.events)
    for note in customer.missing:
        yield Text(f"Note: {note}.", style="yellow")


def sections(profile: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The profile's columns by section, in order; what no section names is under `Other`."""
    found: dict[str, dict[str, Any]] = {}
    for column, value in profile.items():
        if column != "customer_id":
            found.setdefault(_section(column), {})[column] = value
    order = [title for title, _ in (*SECTIONS, _CONSENT)]
    return {title: found[title] for title in (*order, _OTHER) if title in found}


def _section(column: str) -> str:
    title, endings = _CONSENT
    if column.endswith(endings):
        return title
    return next((title for title, starts in SECTIONS if column.startswith(starts)), _OTHER)


def _profile(profile: Mapping[str, Any]) -> Table:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for title, values in sections(profile).items():
        for number, (column, value) in enumerate(values.items()):
            name = column.replace("_", " ")
            table.add_row(title if number == 0 else "", name, Text(shown(value)))
    return table


def _records(records: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(title=f"Records ({len(records)})", title_justify="left")
    table.add_column("table", no_wrap=True)
    table.add_column("key", overflow="fold")
    table.add_column("matched by")
    table.add_column("personal")
    for row in records[:_SHOWN_RECORDS]:
        table.add_row(
            row["entity"],
            Text(row["record_key"]),
            shown(row["matched_by"]),
            shown(row["is_personal"]),
        )
    if len(records) > _SHOWN_RECORDS:
        table.add_row(f"and {len(records) - _SHOWN_RECORDS} more", "--json shows all", "", "")
    return table


def _events(events: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(title=f"Last {len(events)} events, UTC", title_justify="left")
    table.add_column("when", no_wrap=True)
    table.add_column("what")
    table.add_column("details", overflow="fold")
    for event in events:
        table.add_row(shown(event["at"]), Text(event["event"]), Text(shown(event["detail"])))
    return table
