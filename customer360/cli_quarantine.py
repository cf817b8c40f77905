"""The `customer360 quarantine` commands: arguments and help only.

What they do is in `customer360.commands`.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from customer360.cli_parts import DAY, as_day, open_console
from customer360.settings import load_settings

if TYPE_CHECKING:
    from customer360.commands.quarantine import Chosen


@click.group()
def quarantine() -> None:
    """Records that cannot be used: look, export, repair, load again, give up.

    An entity is named as its table, as pos__receipts.
    """


def _choosing(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say which quarantined records are meant."""
    for option in (
        click.option("--day", type=DAY, help="Only records of this landing day."),
        click.option("--column", help="Only records with this column."),
        click.option("--rule", help="Only records with this rule."),
    ):
        command = option(command)
    return command


def _chosen(
    rule: str | None, column: str | None, day: datetime | None, *, with_dropped: bool = False
) -> Chosen:
    from customer360.commands.quarantine import Chosen

    return Chosen(rule, column, as_day(day), with_dropped)


_with_dropped = click.option("--all", "with_dropped", is_flag=True, help="Also what was dropped.")
_as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document.")


@quarantine.command("list")
@click.argument("entity", required=False)
@_choosing
@_with_dropped
@_as_json
def list_(
    entity: str | None,
    rule: str | None,
    column: str | None,
    day: datetime | None,
    with_dropped: bool,
    as_json: bool,
) -> None:
    """Count records by entity, rule and column, with age, owner and a value."""
    from customer360.commands.quarantine import list_reasons

    chosen = _chosen(rule, column, day, with_dropped=with_dropped)
    list_reasons(load_settings(), open_console(), entity, chosen, as_json=as_json)


@quarantine.command()
@click.argument("entity")
@_choosing
@_with_dropped
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@_as_json
def show(
    entity: str,
    rule: str | None,
    column: str | None,
    day: datetime | None,
    with_dropped: bool,
    limit: int,
    as_json: bool,
) -> None:
    """Show records with reason, value, file, line and text, the oldest first."""
    from customer360.commands.quarantine import show_records

    chosen = _chosen(rule, column, day, with_dropped=with_dropped)
    show_records(load_settings(), open_console(), entity, chosen, limit=limit, as_json=as_json)


@quarantine.command()
@click.argument("entity")
@_choosing
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder that receives <entity>.jsonl.",
)
def export(
    entity: str, rule: str | None, column: str | None, day: datetime | None, out: Path
) -> None:
    """Write records to a file to edit; `repair` lands it."""
    from customer360.commands.quarantine_export import export as write

    write(load_settings(), open_console(), entity, _chosen(rule, column, day), out)


@quarantine.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--day", type=DAY, help="Landing day; the last one loaded when omitted.")
@click.option("--dry-run", is_flag=True, help="Check the file, land nothing.")
def repair(file: Path, day: datetime | None, dry_run: bool) -> None:
    """Check corrected records and land them; all of the file or nothing."""
    from customer360.commands.quarantine_repair import repair as land

    land(load_settings(), open_console(), file, day=as_day(day), only_check=dry_run)


@quarantine.command()
@click.argument("entity", required=False)
@_choosing
@click.option("--dry-run", is_flag=True, help="Only say which landing days would be loaded.")
def replay(
    entity: str | None, rule: str | None, column: str | None, day: datetime | None, dry_run: bool
) -> None:
    """Load the days again that hold such records, after a rule was fixed."""
    from customer360.commands.quarantine_replay import replay as load

    chosen = _chosen(rule, column, day)
    load(load_settings(), open_console(), entity, chosen, only_say=dry_run)


@quarantine.command()
@click.argument("entity")
@_choosing
@click.option("--reason", required=True, help="Why they will never be repaired.")
@click.option("--by", help="Who decides; you when omitted.")
@click.option("--yes", is_flag=True, help="Do it; without, only say what would be dropped.")
def drop(
    entity: str,
    rule: str | None,
    column: str | None,
    day: datetime | None,
    reason: str,
    by: str | None,
    yes: bool,
) -> None:
    """Decide that records will never be repaired; they stay counted."""
    from customer360.commands.quarantine import drop_records

    drop_records(
        load_settings(),
        open_console(),
        entity,
        _chosen(rule, column, day),
        reason=reason,
        by=by or getpass.getuser(),
        at=datetime.now(UTC),
        really=yes,
    )
