"""What the modules of the command line share: the type of days, the console."""

from __future__ import annotations

import sys
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from rich.console import Console

DAY: Final = click.DateTime(formats=["%Y-%m-%d"])


def open_console() -> Console:
    """A console on today's standard output, so that what libraries print can be kept apart."""
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False)


def as_day(value: datetime | None) -> date | None:
    """The day that an option of type `DAY` was given."""
    return value.date() if value else None
