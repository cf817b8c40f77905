"""Copying one day of one source with a Data Factory: started once, followed to its end.

No dagster here; the assets are in `assets.landing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from customer360.resources.copy_runs import EntityCopy, Run
from customer360.resources.started_runs import Started, StartedRuns
from customer360.resources.watching import VanishedRunError, wait_for_run

if TYPE_CHECKING:
    from customer360.resources.data_factory import DataFactory, Tell


@dataclass(frozen=True)
class DayCopy:
    """How the copy of a day ended.

    Attributes:
        day: The day.
        run: The factory's run.
        copies: What it copied, by entity; an entity that it did not come to is missing.
        missing: Wanted entities that were not copied whole, each with the reason.
    """

    day: date
    run: Run
    copies: dict[str, EntityCopy]
    missing: dict[str, str]


def copy_day(
    factory: DataFactory,
    started_runs: StartedRuns,
    source: str,
    day: date,
    entities: Sequence[str],
    *,
    request: str,
    tell: Tell,
) -> DayCopy:
    """Have a day copied: follow the run that is open already, or start one.

    Args:
        factory: The factory.
        started_runs: Where a run is written down before it is waited for.
        source: The source system.
        day: The window's day, and the landing day.
        entities: What has to be copied, as `<source>__<entity>`.
        request: Unique text for a run that has to be started.
        tell: Takes a sentence for the log.

    Returns:
        What was copied. An open run that turns out to have failed, or to lack an entity, is
        followed by another one.

    Raises:
        IngestionError: Not started, vanished, timed out; the message says which.
    """
    open_run = started_runs.get(source, day)
    if open_run is not None:
        done = _resume(factory, started_runs, source, day, entities, open_run, tell)
        if done is not None:
            return done
    asked = Started(request=request, asked_at=datetime.now(UTC), entities=tuple(entities))
    started_runs.put(source, day, asked)
    return _follow(factory, started_runs, source, day, entities, asked, tell)


def _resume(
    factory: DataFactory,
    started_runs: StartedRuns,
    source: str,
    day: date,
    entities: Sequence[str],
    open_run: Started,
    tell: Tell,
) -> DayCopy | None:
    """Follow a run that was asked for before; None when another one is needed."""
    if not open_run.run_id:
        # Asked for, but the answer was never written down: the factory knows whether it began.
        found = factory.find(open_run.request, open_run.asked_at)
        if found is None:
            tell(f"{source} {day}: asked for at {open_run.asked_at}, and never begun")
            return None
        open_run = replace(open_run, run_id=found)
    tell(f"{source} {day}: following run {open_run.run_id}, asked for at {open_run.asked_at}")
    try:
        done = _follow(factory, started_runs, source, day, entities, open_run, tell)
    except VanishedRunError as error:
        tell(str(error))
        return None
    if done.missing:
        tell(f"{source} {day}: run {open_run.run_id} does not serve: {done.missing}")
        return None
    return done


def _follow(
    factory: DataFactory,
    started_runs: StartedRuns,
    source: str,
    day: date,
    entities: Sequence[str],
    asked: Started,
    tell: Tell,
) -> DayCopy:
    """Start a run unless it has been, write its id down, wait for it, sum it up."""
    run_id = asked.run_id or factory.start(day, asked.entities, asked.request, tell)
    started_runs.put(source, day, replace(asked, run_id=run_id))
    try:
        run = wait_for_run(factory, run_id, tell)
    except VanishedRunError:
        started_runs.forget(source, day)
        raise
    copies = {each.entity: each for each in factory.copies(run_id)}
    started_runs.forget(source, day)
    return DayCopy(day, run, copies, missing_copies(run, copies, entities))


def missing_copies(
    run: Run, copies: dict[str, EntityCopy], entities: Sequence[str]
) -> dict[str, str]:
    """Entities that a run that has ended did not copy whole, each with the reason."""
    missing = {}
    for entity in entities:
        copied = copies.get(entity)
        if copied is not None and copied.problem:
            missing[entity] = copied.problem
        elif copied is None:
            missing[entity] = f"not copied; the run ended as {run.status}: {run.message}"
    return missing
