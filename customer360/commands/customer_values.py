"""What records claim of a customer: each attribute's values, the one in the golden record first.

For `customer360 customer` and `identity explain`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from rich.table import Table
from rich.text import Text

from customer360.errors import MissingTableError
from customer360.identity.contract import ATTRIBUTES, CUSTOMER_VALUES
from customer360.spelling import shown

if TYPE_CHECKING:
    from customer360.resources.reading import Reader

# Of one attribute; a household's card may have been shown with dozens of addresses.
_SHOWN: Final = 6

Values = tuple[dict[str, Any], ...]


def known_values(reader: Reader, customers: Sequence[str]) -> dict[str, Values]:
    """The values of some customers, by customer: by attribute, the best first.

    Raises:
        MissingTableError: Identity has not been resolved yet.
    """
    slots = ", ".join("?" for _ in customers)
    rows = reader.rows(
        "select customer_id, attribute, rank, value, why, entity, record_key, claimed_at, "
        f"record_count from {reader.table(CUSTOMER_VALUES)} where customer_id in ({slots})",
        customers,
    )
    ordered = sorted(rows, key=lambda row: (ATTRIBUTES.index(row["attribute"]), row["rank"]))
    return {
        customer: tuple(
            {name: value for name, value in row.items() if name != "customer_id"}
            for row in ordered
            if row["customer_id"] == customer
        )
        for customer in customers
    }


def values_or_none(reader: Reader, customer: str, missing: list[str]) -> Values:
    """The values of a customer; names the table where a lake has none yet."""
    try:
        return known_values(reader, [customer])[customer]
    except MissingTableError:
        missing.append(f"{CUSTOMER_VALUES.sql} is not built yet")
        return ()


def values_table(values: Sequence[Mapping[str, Any]]) -> Table:
    """The values for people: what was chosen, and what lost by which rule."""
    table = Table(title="What is claimed", title_justify="left")
    for heading in ("attribute", "value", "why", "as of", "records", "from"):
        table.add_column(heading, overflow="fold")
    more = 0
    for row in values:
        if row["rank"] > _SHOWN:
            more += 1
            continue
        is_chosen = row["rank"] == 1
        table.add_row(
            row["attribute"].replace("_", " ") if is_chosen else "",
            Text(row["value"]),
            row["why"].replace("_", " "),
            f"{row['claimed_at']:%Y-%m-%d}" if row["claimed_at"] else "",
            shown(row["record_count"]),
            Text(f"{row['entity']} {row['record_key']}"),
            style=None if is_chosen else "dim",
        )
    if more:
        table.add_row("", f"and {more} more")
    return table
