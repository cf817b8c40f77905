"""`customer360 upkeep`: what the job `upkeep` does, from the command line, with a closing table."""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

from rich.table import Table

from customer360.errors import MissingTableError
from customer360.resources.lake import Lake
from customer360.resources.lock import writing
from customer360.resources.upkeep import Tended, Upkeep, tend_lake
from customer360.spelling import size_text

if TYPE_CHECKING:
    from rich.console import Console

    from customer360.settings import Settings


def upkeep(settings: Settings, console: Console, *, dry_run: bool) -> None:
    """Tend every table of the lake and say what that did.

    Args:
        settings: The settings; theirs is the retention.
        console: Where progress and the closing table go.
        dry_run: Change nothing, say what would be done.

    Raises:
        MissingTableError: The lake has no tables.
        UpkeepError: Some tables could not be tended.
    """
    lake = Lake(settings.lake)
    if not lake.tables():
        raise MissingTableError(
            f"The lake {lake.url} has no tables. Load data with `customer360 run`."
        )
    started = time.monotonic()

    def tell(sentence: str) -> None:
        console.print(f"  {sentence}", soft_wrap=True)

    held = nullcontext() if dry_run else writing(lake, "customer360 upkeep", console.print)
    with held:
        done = tend_lake(lake, settings.retention_days, tell, dry_run=dry_run)
    worked = [tended for tended in done.tables if tended.has_work]
    if worked:
        console.print(_table(worked, dry_run=dry_run))
    for backup in done.backups:
        console.print(f"Backup of {backup.snapshot}: {backup.name}, {backup.rows:,} rows")
    for warning in done.warnings:
        console.print(f"[yellow]{warning}[/yellow]", soft_wrap=True)
    console.print(_sentence(done, worked, dry_run=dry_run), soft_wrap=True)
    if not dry_run:
        console.print(f"Done in {time.monotonic() - started:.1f} s.")


def _sentence(done: Upkeep, worked: list[Tended], *, dry_run: bool) -> str:
    freed = size_text(sum(tended.removed_bytes for tended in worked))
    tables, copies = f"{len(worked)} of {len(done.tables)} tables", len(done.backups)
    if dry_run:
        return (
            f"Dry run, nothing was changed: {tables} have work, {freed} would be freed, "
            f"{copies} snapshots would be backed up."
        )
    return f"{tables} had work, {freed} freed, {copies} snapshots backed up."


def _table(worked: list[Tended], *, dry_run: bool) -> Table:
    title = "What upkeep would do" if dry_run else "Upkeep"
    table = Table(title=title, title_justify="left")
    table.add_column("table", no_wrap=True)
    for name in ("files before", "files after", "files removed", "bytes freed"):
        table.add_column(name, justify="right")
    for tended in worked:
        numbers = (tended.files_before, tended.files_after, tended.removed_files)
        size = size_text(tended.removed_bytes)
        table.add_row(tended.key.sql, *(f"{number:,}" for number in numbers), size)
    return table
