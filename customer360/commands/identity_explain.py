"""`customer360 identity explain`: why records are one customer, and why others are not.

What is looked up is in `commands.identity_evidence`; here it is laid out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from customer360.commands.customer_lookup import find
from customer360.commands.customer_values import known_values, values_table
from customer360.commands.identity_evidence import Evidence, Link, gather
from customer360.errors import IdentityError
from customer360.identity.comparisons import level_name
from customer360.identity.contract import COMPARED, MATCH_RECORDS
from customer360.identity.rules import LINK_WEIGHT
from customer360.resources.identity_decisions import Decision, active, read_decisions
from customer360.resources.lake import Lake
from customer360.resources.match_models import model_in_use

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.console import Console

    from customer360.identity.match_model import MatchModel
    from customer360.resources.reading import Reader
    from customer360.settings import Settings

_SHOWN: Final = 12
_RECORDS_SHOWN: Final = 50
_CONFLICTS: Final = {
    "given_names": "other given names, and no common birth date",
    "like_given_names": "given names alike, and contact points of their own",
    "contacts": "mailboxes and telephones of their own",
    "cards": "loyalty cards of their own",
    "birth_dates": "other birth dates, and contact points of their own",
}


def explain(
    settings: Settings,
    console: Console,
    who: str,
    other: str | None,
    picture: Path | None = None,
) -> None:
    """Print what makes one customer of records, or what there is between two.

    Args:
        settings: The settings.
        console: Where it goes.
        who: Customer id, or any identifier or record key of one customer.
        other: The same of a second one, if any.
        picture: SVG file to draw the first pair to, if any.

    Raises:
        IdentityError: Nobody or several customers are found, or there is no pair to draw.
        MissingTableError: Identity has not been resolved yet.
    """
    from customer360.resources.reading import open_reader

    lake = Lake(settings.lake)
    model = model_in_use(lake)
    standing = active(read_decisions(lake))
    decided = {pair: decision for decision in standing for pair in decision.pairs}
    with open_reader(lake) as reader:
        asked = [who] if other is None else [who, other]
        customers = [_customer(reader, text, settings.default_country) for text in asked]
        evidence = gather(reader, tuple(dict.fromkeys(customers)))
        values = known_values(reader, tuple(dict.fromkeys(customers)))
    for customer in dict.fromkeys(customers):
        console.print(_records(evidence, customer))
        if values[customer]:
            console.print(values_table(values[customer]))
    sections = _sections(evidence, customers)
    for title, links in sections:
        console.print(title, style="bold")
        for link in links[:_SHOWN]:
            is_cut = link.is_link and evidence.is_between(link)
            console.print(_told(link, decided, is_cut=is_cut))
            console.print(_fields(link, model))
        if len(links) > _SHOWN:
            console.print(f"  and {len(links) - _SHOWN:,} more")
        if not links:
            console.print("  nothing")
    own = {record.node for c in customers for record in evidence.records_of(c)}
    for decision in standing:
        if any(own.issuperset(pair) for pair in decision.pairs):
            told = f"Decision {decision.decision_id}, {decision.kind}: {decision.reason}"
            console.print(f"{told} ({decision.decided_by})", markup=False)
    console.print(
        f"Model: {model.name}, trained on {model.trained_on}. Weights are powers of two of the "
        f"odds; {LINK_WEIGHT:g} is enough. docs/identity.md says how it works."
    )
    if picture is not None:
        _draw(evidence, sections, model, lake.row_count(MATCH_RECORDS), picture)


def _draw(
    evidence: Evidence,
    sections: Sequence[tuple[str, list[Link]]],
    model: MatchModel,
    records: int,
    picture: Path,
) -> None:
    from customer360.identity.waterfall import waterfall
    from customer360.pages.charts import svg

    drawn = next((link for _, links in sections for link in links), None)
    if drawn is None:
        raise IdentityError("There is no pair of records to draw.")
    one, other = (evidence.records[node].fields for node in (drawn.node_1, drawn.node_2))
    picture.write_text(svg(waterfall(one, other, model, records)), encoding="utf-8")


def _sections(evidence: Evidence, customers: Sequence[str]) -> list[tuple[str, list[Link]]]:
    if len(customers) == 1:
        return [
            ("What makes them one", evidence.tree()),
            ("Who is like them, and kept apart", evidence.apart()),
        ]
    if len(set(customers)) == 1:
        return [("Both are one customer; what makes them one", evidence.tree())]
    return [("Two customers; what there is between them", evidence.between(*customers))]


def _customer(reader: Reader, text: str, country: str) -> str:
    matches = find(reader, text, country).matches
    if len(matches) != 1:
        found = ", ".join(match.customer_id for match in matches) or "nobody"
        raise IdentityError(
            f"{text!r} has to name one customer; found {found}. Name a customer id, or look with "
            "`customer360 customer`."
        )
    return matches[0].customer_id


def _records(evidence: Evidence, customer: str) -> Table:
    table = Table(title=f"Records to match of {customer}", title_justify="left")
    for heading in ("record", "name", "born", "contact points", "address", "from"):
        table.add_column(heading, overflow="fold")
    records = evidence.records_of(customer)
    for record in records[:_RECORDS_SHOWN]:
        table.add_row(*(Text(cell) for cell in record.cells()))
    if len(records) > _RECORDS_SHOWN:
        table.caption = f"and {len(records) - _RECORDS_SHOWN:,} more"
    return table


def _told(link: Link, decided: Mapping[tuple[str, str], Decision], *, is_cut: bool) -> Text:
    told = f"  {link.node_1} ~ {link.node_2}: weight {link.weight:+.1f}"
    decision = decided.get((link.node_1, link.node_2))
    if decision:
        told += f"; decision {decision.decision_id}, {decision.kind}: {decision.reason}"
    elif is_cut:
        told += "; left out: it would put together records that contradict each other"
    elif link.conflict:
        told += f"; kept apart: {_CONFLICTS[link.conflict]}"
    elif link.linked_by == "model":
        told += "; linked by the model"
    elif link.linked_by:
        told += f"; linked by the same {link.linked_by.replace('_', ' ')}"
    else:
        told += "; not enough"
    return Text(told)


def _fields(link: Link, model: MatchModel) -> Text:
    """How each field agrees and what that is worth, the strongest evidence first."""
    told = []
    for name in COMPARED:
        level = link.levels[name]
        if level >= 0:
            agreement = level_name(name, level)
            told.append((model.weight(name, agreement), name.replace("_", " "), agreement))
    parts = (f"{name} {how} ({weight:+.1f})" for weight, name, how in sorted(told, reverse=True))
    return Text("    " + "; ".join(parts), style="dim")
