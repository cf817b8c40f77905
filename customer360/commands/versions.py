"""`customer360 history` and `customer360 restore`: earlier versions of a table, and back to one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING

import click
from rich.table import Table

from customer360 import keys
from customer360.errors import VersionError
from customer360.keys import TableKey
from customer360.resources import match_marks
from customer360.resources.backups import Backup, backups, restore_backup
from customer360.resources.lake import Lake
from customer360.resources.loads import read_loads
from customer360.resources.lock import writing
from customer360.resources.versions import (
    Version,
    find_version,
    history,
    restore_version,
    version_at,
)
from customer360.spelling import exact, shown, size_text

if TYPE_CHECKING:
    from rich.console import Console

    from customer360.settings import Settings


def show_history(
    settings: Settings, console: Console, table: str, *, limit: int, as_json: bool
) -> None:
    """Print the versions of a table, newest first, and the backups of a snapshot.

    Raises:
        MissingTableError: There is neither such a table nor a backup of it.
    """
    lake, key = Lake(settings.lake), keys.parse(table)
    copies = backups(lake, key)
    found = [] if copies and not lake.exists(key) else history(lake, key, limit)
    if as_json:
        document = {
            "table": key.sql,
            "versions": [asdict(version) for version in found],
            "backups": [asdict(backup) for backup in copies],
        }
        console.out(json.dumps(exact(document), indent=2), highlight=False)
        return
    if found:
        console.print(_versions(key, found))
    else:
        console.print(f"[red]{key.sql} is not there any more.[/red]")
    if copies:
        console.print(_backups(key, copies))


def _versions(key: TableKey, found: list[Version]) -> Table:
    table = Table(title=f"Versions of {key.sql}", title_justify="left")
    for name in ("version", "when (UTC)", "operation", "rows", "size", "can be restored"):
        left = name in ("when (UTC)", "operation", "can be restored")
        table.add_column(name, justify="left" if left else "right")
    for version in found:
        rows = "–" if version.rows is None else f"{version.rows:,}"
        size = "–" if version.bytes is None else size_text(version.bytes)
        possible = shown(version.can_be_restored)
        moment = shown(version.at)
        table.add_row(str(version.version), moment, version.operation, rows, size, possible)
    return table


def _backups(key: TableKey, copies: list[Backup]) -> Table:
    table = Table(title=f"Backups of {key.sql}", title_justify="left")
    for name in ("backup", "made (UTC)"):
        table.add_column(name)
    for name in ("of version", "rows"):
        table.add_column(name, justify="right")
    for backup in copies:
        made = shown(datetime.fromisoformat(backup.made_at))
        table.add_row(backup.name, made, str(backup.delta_version), f"{backup.rows:,}")
    return table


def restore(
    settings: Settings,
    console: Console,
    table: str,
    *,
    version: int | None,
    at: datetime | None,
    backup: str | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Put an earlier version or a backup in the place of a table, after asking.

    Exactly one of `version`, `at` and `backup` says what; a dry run and a no change nothing.

    Raises:
        MissingTableError: There is no such table.
        VersionError: Not exactly one was named, or the version is not there any more.
        BackupError: The backup is not there, or holds something else than it should.
    """
    if sum(choice is not None for choice in (version, at, backup)) != 1:
        raise VersionError("Name what to restore by one of --version, --at and --from-backup.")
    lake, key = Lake(settings.lake), keys.parse(table)
    held = nullcontext() if dry_run else writing(lake, "customer360 restore", console.print)
    with held:
        if backup is not None:
            _from_backup(lake, console, key, backup, dry_run=dry_run, yes=yes)
            return
        lake.delta(key)
        number = version_at(lake, key, at) if at is not None else version or 0
        wanted = find_version(lake, key, number, settings.retention_days)
        _to_version(lake, console, key, wanted, dry_run=dry_run, yes=yes)


def _to_version(
    lake: Lake, console: Console, key: TableKey, wanted: Version, *, dry_run: bool, yes: bool
) -> None:
    (now,) = history(lake, key, 1)
    if now.version == wanted.version:
        console.print(f"{key.sql} is at version {now.version} already; nothing to do.")
        return
    console.print(_plan(key, _line(now), _line(wanted)))
    consequences = _consequences(lake, key, now.version, wanted.version)
    console.print(f"[yellow]{consequences}[/yellow]", soft_wrap=True)
    if _agreed(console, key, dry_run=dry_run, yes=yes):
        made = restore_version(lake, key, wanted.version)
        console.print(
            f"Restored: {key.sql} is at version {made}, which holds what {wanted.version} held. "
            f"Undo: customer360 restore {key.sql} --version {now.version}",
            soft_wrap=True,
        )


def _from_backup(
    lake: Lake, console: Console, key: TableKey, name: str, *, dry_run: bool, yes: bool
) -> None:
    found = restore_backup(lake, key, name, dry_run=True)
    now = _line(history(lake, key, 1)[0]) if lake.exists(key) else ("not there", "", "")
    then = (f"backup {found.name}", found.made_at[:19].replace("T", " "), f"{found.rows:,}")
    console.print(_plan(key, now, then))
    console.print(
        "[yellow]What runs saw after that backup is not in it; the next run records what it sees "
        "then. gold.dim_*_history is made again by the next run.[/yellow]",
        soft_wrap=True,
    )
    if _agreed(console, key, dry_run=dry_run, yes=yes):
        restore_backup(lake, key, found.name, dry_run=False)
        console.print(
            f"Restored: {key.sql} holds the {found.rows:,} rows of backup {found.name}, read back "
            "and compared.",
            soft_wrap=True,
        )


def _line(version: Version) -> tuple[str, str, str]:
    rows = "unknown" if version.rows is None else f"{version.rows:,}"
    return f"version {version.version}", shown(version.at), rows


def _plan(key: TableKey, now: tuple[str, str, str], then: tuple[str, str, str]) -> Table:
    table = Table(title=f"Restore {key.sql}", title_justify="left")
    for name in ("", "what", "of (UTC)"):
        table.add_column(name)
    table.add_column("rows", justify="right")
    table.add_row("now", *now)
    table.add_row("then", *then)
    return table


def _agreed(console: Console, key: TableKey, *, dry_run: bool, yes: bool) -> bool:
    if dry_run:
        console.print("Dry run, nothing was changed.")
        return False
    return yes or click.confirm(f"Restore {key.sql}?", abort=True)


def _consequences(lake: Lake, key: TableKey, now: int, then: int) -> str:
    """What else a restore of a table means, in sentences."""
    if key.layer == keys.GOLD:
        return (
            "The next run builds gold again from silver, except for snapshots; what reads this "
            "table is stale until then."
        )
    again = (keys.LEDGER, keys.RECONCILIATION, keys.WATERMARKS, keys.IDENTITY_HEALTH)
    if key in (*again, *match_marks.TABLES):
        return "The next run writes this table again."
    if key.layer == keys.OPS and not key.table.endswith("_outranked"):
        return (
            "This table says what is loaded and built: the next run does what is missing by it, "
            "and does not do again what it says is done."
        )
    days = _days(lake, key, now, then)
    command = f": customer360 run --from {days[0]} --to {days[-1]}" if days else ""
    return (
        "This table will not close with the ledger, and what is built from it is stale, until the "
        f"landing days that differ are loaded again{command}"
    )


def _days(lake: Lake, key: TableKey, now: int, then: int) -> Sequence[date]:
    """Landing days whose files a restore changes; all loaded days where no file names its day."""
    if lake.delta(key).metadata().partition_columns:
        return lake.changed_days(key, then, now) or ()
    return sorted(day for _, day in read_loads(lake))
