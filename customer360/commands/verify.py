"""`customer360 verify`: compare the lake with the truth of the simulated world that landed in it.

What is compared is in `commands.verify_records`, `verify_money` and `checks.identity_truth`; here
it is run and told. What the faults are and what should become of them is in docs/simulator.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from rich.text import Text

from customer360.checks.identity_truth import Agreement, People, households, people
from customer360.commands.verify_money import money
from customer360.commands.verify_records import (
    Difference,
    faults,
    issues,
    landed,
    prepare,
    statuses,
)
from customer360.errors import MissingPrerequisiteError
from customer360.resources.lake import Lake
from customer360.resources.loads import pending
from customer360.sources import SOURCES
from customer360.storage import open_path

if TYPE_CHECKING:
    from rich.console import Console

    from customer360.resources.reading import Reader
    from customer360.settings import Settings

_SHOWN: Final = 20
_TRUTH: Final = ("records", "faults", "money", "persons")


def verify(settings: Settings, console: Console) -> bool:
    """Compare and print every difference, at most twenty for each check.

    Args:
        settings: The settings.
        console: Where it goes.

    Returns:
        Whether everything is as the truth says; how well customers agree with persons is printed
        only.

    Raises:
        MissingPrerequisiteError: There is no truth, or not all that landed is loaded.
    """
    from customer360.resources.reading import open_reader

    lake = Lake(settings.lake)
    _require(lake)
    same = True
    with open_reader(lake) as reader:
        prepare(reader, lake.truth, SOURCES)
        for check, found in _checks(reader, lake.truth):
            same = same and not found
            console.print(f"{check}: {_count(len(found))}", style="red" if found else "green")
            for difference in found[:_SHOWN]:
                _print(console, difference)
            if len(found) > _SHOWN:
                console.print(f"  and {len(found) - _SHOWN:,} more")
        found_people = people(reader, SOURCES)
        homes = households(reader, lake.truth) if found_people else None
    console.print(_told(found_people) if found_people else "Identity has not been resolved yet.")
    if homes is not None:
        console.print(
            f"Households against homes: {homes.households:,} households of {homes.customers:,} "
            f"customers with a personal record; pairs precision {homes.pair_precision:.4f}, "
            f"recall {homes.pair_recall:.4f}, F1 {homes.pair_f1:.4f}."
        )
    return same


def _require(lake: Lake) -> None:
    truth = open_path(lake.truth)
    missing = [name for name in _TRUTH if not any((truth / name).glob("*.parquet"))]
    if missing:
        raise MissingPrerequisiteError(
            f"No truth to compare with: {', '.join(missing)} not found under {lake.truth}. Only a "
            "world made by `customer360 simulate` can be verified; make one in an empty lake."
        )
    days = pending(lake, SOURCES).days
    if days:
        raise MissingPrerequisiteError(
            f"{len(days)} landing days are not loaded, the first {days[0]}; the truth tells of all "
            "of them. Load them with `customer360 run`."
        )


def _checks(reader: Reader, truth: str) -> Iterator[tuple[str, list[Difference]]]:
    yield "Landed records per entity and day", list(landed(reader, SOURCES))
    yield "Status of every record", list(statuses(reader))
    yield "Unreadable values of current records", list(issues(reader))
    yield "Outcome of every injected fault", list(faults(reader, truth))
    yield "Money per source and business date", list(money(reader, truth))


def _print(console: Console, difference: Difference) -> None:
    where, expected, found = difference.where, difference.expected, difference.found
    console.print(Text(f"  {where}: expected {expected}, found {found}"), soft_wrap=True)


def _count(found: int) -> str:
    return f"{found:,} differences" if found else "as the truth says"


def _told(found: People) -> str:
    told = {
        "that carry a personal identifier": found.identified,
        "of all kinds": found.all_records,
    }
    lines = [f"Customers against persons: {found.customers:,} customers."]
    lines += [f"  {_agreement(agreement, which)}" for which, agreement in told.items()]
    return "\n".join(lines)


def _agreement(agreement: Agreement, which: str) -> str:
    return (
        f"{agreement.records:,} personal records {which}, of {agreement.persons:,} persons: "
        f"pairs precision {agreement.pair_precision:.4f}, recall {agreement.pair_recall:.4f}; "
        f"B-cubed F1 {agreement.b_cubed_f1:.4f}."
    )
