"""`customer360 identity history`: what became of a customer id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from customer360.errors import IdentityError
from customer360.identity.contract import CUSTOMER_CROSSWALK
from customer360.resources.lake import Lake
from customer360.resources.reading import open_reader

if TYPE_CHECKING:
    from rich.console import Console

    from customer360.settings import Settings


def history(settings: Settings, console: Console, customer_id: str) -> None:
    """Print the periods of an id, and of those that it ever stood for.

    Args:
        settings: The settings.
        console: Where it goes.
        customer_id: An id that was ever issued.

    Raises:
        IdentityError: It was not.
        MissingTableError: Identity has not been resolved yet.
    """
    with open_reader(Lake(settings.lake)) as reader:
        rows = reader.rows(
            "select customer_id, current_id, valid_from, valid_to, reason, run_id "
            f"from {reader.table(CUSTOMER_CROSSWALK)} where $id in (customer_id, current_id) "
            "order by customer_id <> $id, customer_id, valid_from",
            {"id": customer_id},
        )
    if not rows:
        raise IdentityError(
            f"No customer id {customer_id} was ever issued. `customer360 customer` finds a "
            "customer by anything that identifies one."
        )
    table = Table()
    for heading in ("customer id", "stood for by", "from", "to", "why", "run"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        since, until = (f"{at:%Y-%m-%d %H:%M:%S}" if at else "" for at in (
            row["valid_from"], row["valid_to"],
        ))  # fmt: skip
        cells = (
            row["customer_id"], row["current_id"] or "nobody", since, until,
            row["reason"], row["run_id"],
        )  # fmt: skip
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)
