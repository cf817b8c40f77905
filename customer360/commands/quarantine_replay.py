"""`customer360 quarantine replay`: load the days again whose records a fixed rule may let through.

The same run as any other: bronze from the landing files, silver, everything downstream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from customer360 import keys
from customer360.commands.quarantine import Chosen, entities
from customer360.landing.files import landed_days
from customer360.resources.lake import Lake
from customer360.resources.reading import open_reader

if TYPE_CHECKING:
    from datetime import date

    from rich.console import Console

    from customer360.settings import Settings


def replay(
    settings: Settings, console: Console, name: str | None, chosen: Chosen, *, only_say: bool
) -> None:
    """Load the landing days of quarantined records again, and everything downstream once.

    Args:
        settings: The settings.
        console: Where it is said.
        name: Only this entity.
        chosen: Only for these records.
        only_say: Load nothing.

    Raises:
        QuarantineError: No such entity.
        RunFailedError: A run failed; the command can be given again.
    """
    from customer360.automation.jobs import contiguous
    from customer360.commands.run import run

    lake = Lake(settings.lake)
    wanted = _days(lake, name, chosen)
    if not wanted:
        console.print("No such record in quarantine; nothing to load again.")
        return
    days = sorted({day for of_entity in wanted.values() for day in of_entity})
    landed = sorted({d for table in wanted for d in landed_days(lake.landing, *table.split("__"))})
    ranges = list(contiguous(days, landed))
    for first, last in ranges:
        console.print(f"Loading again: {', '.join(wanted)}, landing days {first} to {last}")
    if only_say:
        return
    before = {table: lake.row_count(keys.quarantine(table)) for table in wanted}
    loaded = " or ".join(f'key:"{layer}/{t}"' for t in wanted for layer in _LAYERS)
    downstream = " or ".join(f'key:"silver/{t}"+' for t in wanted)
    for first, last in ranges:
        is_last = (first, last) == ranges[-1]
        select = f"{loaded} or {downstream}" if is_last else loaded
        run(settings, console, first=first, last=last, select=select)
    for table, count in before.items():
        left = count - lake.row_count(keys.quarantine(table))
        console.print(f"{table}: {left:,} of {count:,} records left quarantine.")


_LAYERS = keys.BRONZE, keys.SILVER


def _days(lake: Lake, name: str | None, chosen: Chosen) -> dict[str, list[date]]:
    """Landing days of the records that are meant, by entity."""
    wanted = {}
    with open_reader(lake) as reader:
        for table in entities(lake, name):
            sql, parameters = chosen.sql(reader, table)
            rows = reader.rows(f"select distinct landed_on from ({sql})", parameters)
            if rows:
                wanted[table] = [row["landed_on"] for row in rows]
    return wanted
