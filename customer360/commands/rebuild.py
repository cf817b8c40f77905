"""`customer360 rebuild`: make the tables anew from the landing files, whatever they hold now."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from customer360.commands.entities import refuse_unknown
from customer360.commands.instance import open_instance
from customer360.commands.run import entities_only, execute
from customer360.commands.run_report import Report
from customer360.errors import Customer360Error
from customer360.resources import match_marks, rebuilds
from customer360.resources.lake import Lake
from customer360.resources.loads import read_loads
from customer360.resources.lock import writing
from customer360.sources import SOURCES

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from customer360.resources.rebuilds import EntityHistory, Rebuild
    from customer360.settings import Settings


class NothingToRebuildError(Customer360Error):
    """Nothing of the entities asked for has ever landed."""


def rebuild(
    settings: Settings,
    console: Console,
    entities: Sequence[str],
    *,
    dry_run: bool,
    restart: bool,
) -> None:
    """Rebuild entities, or all of them, and everything behind them.

    Args:
        settings: The settings.
        console: Where progress goes.
        entities: `<source>__<entity>` each; all when empty, or what an unfinished rebuild began.
        dry_run: Only say what would happen.
        restart: Do not go on with an unfinished rebuild.

    Raises:
        UnknownEntityError: No such entity.
        NothingToRebuildError: Nothing has landed.
        RunFailedError: The run failed; the same command goes on where it stopped.
    """
    lake = Lake(settings.lake)
    refuse_unknown(entities)
    known = {s.table(e.name): (s, e.name) for s in SOURCES for e in s.entities}
    begun = None if restart else _unfinished(lake, entities)
    chosen = begun.entities if begun else tuple(entities or known)
    histories = [rebuilds.history(lake, *known[name]) for name in sorted(chosen)]
    if not any(h.days for h in histories):
        raise NothingToRebuildError(f"Nothing has landed under {lake.landing} to rebuild from.")
    if dry_run:
        _tell_plan(console, lake, histories, begun)
        return
    with writing(lake, "customer360 rebuild", console.print):
        begun = begun or rebuilds.begin(lake, chosen)
        _go_on(settings, console, lake, begun, histories)


def _unfinished(lake: Lake, entities: Sequence[str]) -> Rebuild | None:
    """The rebuild to go on with: the unfinished one, if it is of what is asked for."""
    begun = rebuilds.unfinished(lake)
    if begun is None or (entities and set(entities) != set(begun.entities)):
        return None
    return begun


def _go_on(
    settings: Settings,
    console: Console,
    lake: Lake,
    begun: Rebuild,
    histories: Sequence[EntityHistory],
) -> None:
    from customer360.automation.jobs import REBUILD_TAG, range_tags
    from customer360.resources.dbt import ensure_manifest

    ensure_manifest(settings)
    todo = rebuilds.left(lake, begun, histories)
    done = len(begun.entities) - len(todo)
    if done:
        console.print(
            f"Going on with the rebuild of {begun.started_at:%Y-%m-%d %H:%M} UTC: "
            f"{done} of {len(begun.entities)} entities are done."
        )
    days = sorted({day for h in histories for day in h.days})
    console.print(
        f"[bold]Rebuilding[/bold] {len(todo)} entities, landing days {days[0]} to {days[-1]}"
    )
    # What stands in the lake may be what is to be mended: everything is compared anew.
    match_marks.forget(lake)
    tags = range_tags(days[0], days[-1]) | {REBUILD_TAG: begun.rebuild_id}
    started, report = time.monotonic(), Report()
    with open_instance() as instance:
        execute(settings, instance, console, tags, entities_only(todo), report)
    rebuilds.finish(lake, begun)
    console.print(report.table())
    console.print(f"Done in {time.monotonic() - started:.1f} s.")


def _tell_plan(
    console: Console, lake: Lake, histories: Sequence[EntityHistory], begun: Rebuild | None
) -> None:
    todo = set(rebuilds.left(lake, begun, histories)) if begun else {h.entity for h in histories}
    console.print(_plan(lake, [h for h in histories if h.entity in todo]))
    if begun:
        console.print(
            f"This goes on with the rebuild of {begun.started_at:%Y-%m-%d %H:%M} UTC "
            f"({len(histories) - len(todo)} entities are done); --restart begins anew."
        )
    console.print(
        "Then identity and gold are built whole. Kept as they are: customers_snapshot and "
        "products_snapshot. Nothing has been changed (dry run)."
    )


def _plan(lake: Lake, histories: Sequence[EntityHistory]) -> Table:
    from rich.table import Table

    loads = read_loads(lake)
    table = Table(title="Would be made anew", title_justify="left")
    table.add_column("entity")
    for name in ("days from files", "days from bronze alone", "records loaded"):
        table.add_column(name, justify="right")
    for h in histories:
        records = sum(load.records for (entity, _), load in loads.items() if entity == h.entity)
        table.add_row(h.entity, f"{len(h.landed):,}", f"{len(h.bronze_only):,}", f"{records:,}")
    return table
