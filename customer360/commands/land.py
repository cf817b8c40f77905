"""`customer360 simulate` and `customer360 import`: put files into the landing zone."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from rich.progress import Progress

from customer360.errors import LandingError
from customer360.resources.lake import Lake
from customer360.settings import Settings
from customer360.storage import open_path

if TYPE_CHECKING:
    from rich.console import Console

    from customer360.landing.simulate.world import SimulationSummary


def simulate_world(
    settings: Settings,
    console: Console,
    *,
    customers: int,
    days: int,
    seed: int,
    start: date,
    faults: str,
) -> None:
    """Land a simulated world and say what landed."""
    from customer360.landing.simulate.parameters import FaultLevel
    from customer360.landing.simulate.world import simulate

    lake = Lake(settings.lake)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("Simulating", total=days)
        try:
            summary = simulate(
                open_path(lake.landing),
                open_path(lake.truth),
                customers=customers,
                days=days,
                seed=seed,
                start=start,
                faults=FaultLevel(faults),
                progress=lambda done, total: progress.update(task, completed=done, total=total),
            )
        except ValueError as error:
            raise LandingError(str(error)) from error
    console.print(_said(summary, lake))


def _said(summary: SimulationSummary, lake: Lake) -> str:
    landed = sum(summary.records.values())
    if not landed:
        return f"Nothing to do: this world has already landed in {lake.landing}."
    faults = sum(summary.faults.values())
    rate = landed / summary.seconds if summary.seconds else 0
    return (
        f"Landed {landed:,} records of {len(summary.records)} entities in {summary.files:,} files "
        f"({summary.size_bytes / 1e6:,.1f} MB), "
        f"with {faults:,} faults of {len(summary.faults)} kinds, "
        f"in {summary.seconds:.1f} s ({rate:,.0f} records/s)."
    )


def import_purchases(settings: Settings, console: Console) -> None:
    """Land the Complete Journey purchases and say what landed."""
    from customer360.landing.complete_journey import import_complete_journey

    console.print(str(import_complete_journey(open_path(settings.landing))))


def import_known_duplicates(settings: Settings, console: Console) -> None:
    """Land the records of FEBRL 3 and say how many."""
    from customer360.landing.febrl import import_febrl3

    contacts = import_febrl3(open_path(settings.landing))
    console.print(f"FEBRL 3: {contacts:,} contacts are in {settings.landing}.", soft_wrap=True)
