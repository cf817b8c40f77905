"""The `customer360 identity` commands: arguments and help only.

What they do is in `customer360.commands`.
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw how the strongest pair comes to its weight, as an SVG file.",
)
def explain(who: str, other: str | None, picture: Path | None) -> None:
    """Why the records of a customer are one, or what there is between two customers.

    WHO and OTHER are customer ids, e-mail addresses, phones, card, account or contact numbers.
    """
    from customer360.commands.identity_explain import explain as show

    show(load_settings(), open_console(), who, other, picture)


def _deciding(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every decision."""
    for option in (
        click.option("--reason", required=True, help="Why; kept with the decision."),
        click.option("--by", default=getpass.getuser, show_default="you", help="Who says so."),
    ):
        command = option(command)
    return command


@identity.command()
@click.argument("one")
@click.argument("other")
@_deciding
def merge(one: str, other: str, reason: str, by: str) -> None:
    """Decide that two records or customers are one person.

    Each is a customer id or a record: as contact_id:K1, its key, or an identifier. The decision
    holds whatever lands, whatever rules and model say, until it is revoked.
    """
    from customer360.commands.identity_decide import decide
    from customer360.resources.identity_decisions import MERGE

    decide(load_settings(), open_console(), MERGE, (one, other), reason=reason, by=by)


@identity.command()
@click.argument("records", nargs=-1, required=True)
@_deciding
def split(records: tuple[str, ...], reason: str, by: str) -> None:
    """Decide that some records of a customer are somebody else than the others.

    RECORDS are named as contact_id:K1 or by their keys, as `identity explain` shows them. Kept as a
    decision to keep both sides apart.
    """
    from customer360.commands.identity_decide import split as part

    part(load_settings(), open_console(), records, reason=reason, by=by)


@identity.command("keep-apart")
@click.argument("one")
@click.argument("other")
@_deciding
def keep_apart(one: str, other: str, reason: str, by: str) -> None:
    """Decide that two records or customers are different people.

    Records of one customer are parted so; all records of a customer are meant by the customer's id.
    """
    from customer360.commands.identity_decide import decide
    from customer360.resources.identity_decisions import KEEP_APART

    decide(load_settings(), open_console(), KEEP_APART, (one, other), reason=reason, by=by)


@identity.command()
@click.argument("number", type=int)
@_deciding
def revoke(number: int, reason: str, by: str) -> None:
    """Take a decision back."""
    from customer360.commands.identity_decide import revoke as take_back

    take_back(load_settings(), open_console(), number, reason=reason, by=by)


@identity.command()
def decisions() -> None:
    """List what people decided, and what of it holds."""
    from customer360.commands.identity_decide import show_decisions

    show_decisions(load_settings(), open_console())


@identity.command()
@click.argument("customer_id")
def history(customer_id: str) -> None:
    """What became of a customer id: which id stood for it, since when, why and by which run.

    Also of the ids that it took in.
    """
    from customer360.commands.identity_history import history as show

    show(load_settings(), open_console(), customer_id)


@identity.command()
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
def review(limit: int) -> None:
    """List uncertain pairs of customers, those with most money at stake first."""
    from customer360.commands.identity_decide import review as show

    show(load_settings(), open_console(), limit)


@identity.command()
def preview() -> None:
    """What the next refresh would make of customers: who merges, who splits, what they spent.

    With rules, model and decisions as they are now, on the records of the last refresh; nothing is
    written. Exits 1 when it is more than is allowed (C360_IDENTITY_CUSTOMERS_LIMIT,
    C360_IDENTITY_REVENUE_LIMIT), so that the refresh would not do it.
    """
    from customer360.commands.identity_preview import preview as show

    sys.exit(0 if show(load_settings(), open_console()) else 1)


@identity.command()
@_deciding
def approve(reason: str, by: str) -> None:
    """Let the next refresh go by rules, model and decisions as they are now, however much it is."""
    from customer360.commands.identity_preview import approve as let

    let(load_settings(), open_console(), reason=reason, by=by)


@identity.command()
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("identity.html"),
    show_default=True,
    help="The page to write.",
)
def report(output: Path) -> None:
    """Write a page about how identity is doing: match rates, sizes, pairs, drift, truth.

    One HTML file that needs no network. Every run writes the same page to reports/identity.html in
    the lake.
    """
    from customer360.commands.identity_report import report as write

    write(load_settings(), open_console(), output)
