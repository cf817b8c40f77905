"""The `customer360 identity` commands: arguments and help only.

What they do is in `customer360.commands`.
"""

from __future__ import annotations

from pathlib import Path

import click

from customer360.cli_parts import open_console
from customer360.settings import load_settings


@click.group()
def identity() -> None:
    """Who is who: learn, look, decide."""


@identity.command()
@click.option("--dry-run", is_flag=True, help="Show what was learned, and keep nothing.")
@click.option(
    "--save",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what was learned to this JSON file.",
)
def train(*, dry_run: bool, save: Path | None) -> None:
    """Learn from the present records what agreement of two of them is worth.

    Nobody has to say who is who. The next refresh matches all records with what was learned; until
    a lake has learned something it uses a model that comes with the platform.
    """
    from customer360.commands.identity_train import train as learn

    learn(load_settings(), open_console(), dry_run=dry_run, save=save)


@identity.command()
@click.argument("who")
@click.argument("other", required=False)
def explain(who: str, other: str | None) -> None:
    """Why the records of a customer are one, or what there is between two customers.

    WHO and OTHER are customer ids, e-mail addresses, phones, card, account or contact numbers.
    """
    from customer360.commands.identity_explain import explain as show

    show(load_settings(), open_console(), who, other)
