"""`customer360 identity report`: how identity is doing, as a page, at any time.

Every run writes the same page into the lake; here it is made of the tables as they are now.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from customer360.pages.identity_report import assess
from customer360.resources.lake import Lake
from customer360.sources import SOURCES

if TYPE_CHECKING:
    from rich.console import Console

    from customer360.settings import Settings


def report(settings: Settings, console: Console, output: Path) -> None:
    """Write the page, and print what is to be looked at.

    Args:
        settings: The settings.
        console: Where the findings go.
        output: The file to write.

    Raises:
        MissingTableError: Identity has not been resolved yet.
    """
    found = assess(Lake(settings.lake), SOURCES, settings.shared_identifier_limit)
    output.write_text(found.page(datetime.now(UTC)), encoding="utf-8")
    health = found.health
    console.print(
        f"{health.customers:,} customers; {health.activity.attached_share:.1%} of all activity "
        "belongs to one of them."
    )
    for finding in (*found.lower_rates, *found.detached, *found.large):
        console.print(finding, style="yellow", markup=False)
    console.print(f"Written to {output}", markup=False)
