"""`customer360 run`: load what has landed and rebuild everything downstream, in this process."""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from customer360.assets.silver_load import tables_of
from customer360.commands.entities import refuse_unknown
from customer360.commands.instance import open_instance
from customer360.commands.run_report import Report, failures
from customer360.errors import Customer360Error, LandingError
from customer360.identity.contract import MATCH_MODELS
from customer360.keys import LANDING
from customer360.resources.lake import Lake
from customer360.resources.loads import landed_files, pending
from customer360.resources.lock import writing
from customer360.settings import Settings
from customer360.sources import SOURCES

if TYPE_CHECKING:
    import dagster as dg

_LOGGER = "progress"


class RunFailedError(Customer360Error):
    """A run did not succeed; the message names the failed steps and their errors."""


def run(
    settings: Settings,
    console: Console,
    *,
    first: date | None = None,
    last: date | None = None,
    select: str | None = None,
    entities: Sequence[str] = (),
    report_to: Path | None = None,
) -> bool:
    """Refresh the lake.

    Args:
        settings: The settings.
        console: Where progress and the closing table go.
        first: First landing day to load; with `last`, loads exactly this range again.
        last: Last landing day to load.
        select: Dagster asset selection, as `key:"gold/*"`; everything when omitted.
        entities: Of bronze and silver only these (`<source>__<entity>`), and all behind them.
        report_to: File that receives seconds per step and per dbt model, as JSON.

    Returns:
        Whether there was anything to do.

    Raises:
        LandingError: The range holds no landing day.
        UnknownEntityError: There is no such entity.
        RunFailedError: A run failed; the other ranges of days were loaded all the same.
    """
    lake = Lake(settings.lake)
    refuse_unknown(entities)
    select = select or (entities_only(entities) if entities else None)
    with writing(lake, "customer360 run", console.print):
        return _refresh(settings, console, lake, first, last, select, report_to)


def _refresh(
    settings: Settings,
    console: Console,
    lake: Lake,
    first: date | None,
    last: date | None,
    select: str | None,
    report_to: Path | None,
) -> bool:
    """Refresh a lake that this process holds."""
    from customer360.automation.jobs import range_tags
    from customer360.resources.dbt import ensure_manifest

    ranges = list(_ranges(lake, first, last, force=select is not None))
    if not ranges:
        console.print("Nothing new: every landed file is loaded and everything is built from it.")
        return False
    ensure_manifest(settings)
    started = time.monotonic()
    report = Report()
    failed = []
    with open_instance() as instance:
        for number, (start, end) in enumerate(ranges, start=1):
            place = f" ({number} of {len(ranges)} ranges)" if len(ranges) > 1 else ""
            console.print(f"[bold]Refreshing[/bold] landing days {start} to {end}{place}")
            try:
                tags = range_tags(start, end)
                run_id = execute(settings, instance, console, tags, select, report)
            except RunFailedError as error:
                # The days behind a range that fails are loaded all the same.
                failed.append(f"Landing days {start} to {end}: {error}")
                continue
            if report_to is not None:
                report.add_dbt_start(instance.all_logs(run_id))
    if failed:
        raise RunFailedError("\n".join(failed))
    console.print(report.table())
    if report_to is not None:
        report_to.write_text(report.json())
    console.print(f"Done in {time.monotonic() - started:.1f} s.")
    return True


def entities_only(entities: Sequence[str]) -> str | None:
    """Selects everything but bronze and silver of other entities; None when there are none."""
    others = [(s, e) for s in SOURCES for e in s.entities if s.table(e.name) not in entities]
    if not others:
        return None
    tables = (tables_of(source, entity) for source, entity in others)
    keys = (k for t in tables for k in (t.bronze, t.silver, *t.children, t.quarantine))
    return "not (" + " or ".join(f'key:"{key.path}"' for key in keys) + ")"


def _ranges(
    lake: Lake, first: date | None, last: date | None, *, force: bool
) -> Iterator[tuple[date, date]]:
    """The ranges of landing days to load."""
    from customer360.automation.jobs import contiguous

    landed = sorted({day for _, day in landed_files(lake, SOURCES)})
    if first or last:
        low, high = first or date.min, last or date.max
        inside = [day for day in landed if low <= day <= high]
        if not inside:
            known = f"{landed[0]} to {landed[-1]}" if landed else "none"
            raise LandingError(
                f"No landing day between {first or 'the first'} and {last or 'the last'}; "
                f"landed days: {known}. "
                f"Land files under {lake.landing}/<source>/<entity>/dt=YYYY-MM-DD/."
            )
        yield inside[0], inside[-1]
        return
    todo = pending(lake, SOURCES)
    yield from contiguous(todo.days, landed)
    if not todo.days and landed and (todo.is_stale or force):
        # Loaded but not built from: the last day is loaded again, and everything downstream with
        # it.
        yield landed[-1], landed[-1]


def execute(
    settings: Settings,
    instance: dg.DagsterInstance,
    console: Console,
    tags: Mapping[str, str],
    select: str | None,
    report: Report,
) -> str:
    """Run the refresh job in this process, with progress.

    Args:
        settings: The settings.
        instance: The Dagster instance that keeps the run.
        console: Where progress goes.
        tags: Run tags: the range of landing days.
        select: Dagster asset selection; everything when None.
        report: Receives the figures.

    Returns:
        The id of the run.

    Raises:
        RunFailedError: The run failed; the message names steps and causes.
    """
    from customer360.automation.jobs import REFRESH_JOB
    from customer360.build import build_definitions

    definitions = build_definitions(settings, loggers={_LOGGER: _progress(console)})
    job = definitions.resolve_job_def(REFRESH_JOB)
    selection = None if select is None else selected(definitions, select)
    with redirect_stdout(_DbtProblems(console)):
        result = job.execute_in_process(
            instance=instance,
            tags=dict(tags),
            # Naming a logger is what keeps Dagster's own from printing every event.
            run_config={"loggers": {_LOGGER: {}}},
            asset_selection=selection,
            raise_on_error=False,
        )
    report.add(result.all_events)
    if not result.success:
        raise RunFailedError(failures(result.all_events))
    return str(result.run_id)


def selected(definitions: dg.Definitions, select: str) -> list[dg.AssetKey]:
    """The assets to make: those selected, and those that one step makes with them.

    Raises:
        RunFailedError: Not a selection, or it matches nothing that a run makes.
    """
    import dagster as dg

    graph = definitions.resolve_asset_graph()
    try:
        chosen = dg.AssetSelection.from_string(select).required_multi_asset_neighbors()
        # Who uses gold is in the graph, and nobody makes it; a refresh never copies from sources,
        # and never trains a model (`identity train` does).
        refreshed = graph.executable_asset_keys - {dg.AssetKey(list(MATCH_MODELS))}
        selection = chosen.resolve(graph) & refreshed
        selection = {key for key in selection if key.path[0] != LANDING}
    except dg.DagsterError as error:
        raise RunFailedError(f"--select {select!r}: {error}") from error
    if not selection:
        raise RunFailedError(
            f"--select {select!r} matches no asset that a run makes. "
            'Assets are named layer/table: key:"gold/fct_orders", +key:"gold/*".'
        )
    return sorted(selection)


def _is_expected(record: logging.LogRecord) -> bool:
    """dagster-dbt warns that tests of silver tables are not checks, which is how it is meant."""
    return "Logging an `AssetObservation`" in record.getMessage()


class _DbtProblems(io.TextIOBase):
    """Takes what dbt writes to standard output and shows the lines that tell of a problem."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, text: str) -> int:
        if any(word in text for word in ("WARN ", "ERROR ", "FAIL ", "Error")):
            self._console.print(Text.from_ansi(f"  dbt: {text.strip()}"))
        return len(text)


def _progress(console: Console) -> dg.LoggerDefinition:
    """A Dagster logger that prints a line per finished step, and warnings."""
    import dagster as dg

    class _Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            meta = getattr(record, "dagster_meta", {})
            event = meta.get("dagster_event")
            if event is not None and event.is_step_success:
                seconds = event.step_success_data.duration_ms / 1000
                console.print(f"  {event.step_key:<45} {seconds:>6.1f} s", highlight=False)
            elif event is None and record.levelno >= logging.WARNING and not _is_expected(record):
                console.print(f"  {record.getMessage()}", style="yellow", highlight=False)

    @dg.logger(config_schema=None, description="One line per finished step.")
    def progress(_: dg.InitLoggerContext) -> logging.Logger:
        logger = logging.Logger("customer360.run", level=logging.DEBUG)
        logger.addHandler(_Handler())
        return logger

    return progress
