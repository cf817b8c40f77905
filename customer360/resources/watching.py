"""Waiting for a run of a Data Factory, and ending one."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from customer360.errors import IngestionError
from customer360.resources.data_factory_client import in_words, is_unanswered

if TYPE_CHECKING:
    from customer360.resources.copy_runs import Run
    from customer360.resources.data_factory import DataFactory, Tell


class VanishedRunError(IngestionError):
    """The factory does not know a run that it has started."""


def wait_for_run(factory: DataFactory, run_id: str, tell: Tell) -> Run:
    """Look at a run, less and less often, until it has ended.

    A factory that does not answer is asked again: the run goes on without us.

    Args:
        factory: The factory.
        run_id: Id of the run.
        tell: Takes a sentence for the log.

    Returns:
        The run as it ended: Succeeded, Failed or Cancelled.

    Raises:
        VanishedRunError: The factory has not known the run for longer than it may take to list it.
        IngestionError: The run took too long and was cancelled, or looking is not allowed.
    """
    began = datetime.now(UTC)
    known_at, status = time.monotonic(), ""
    for wait in factory.patience.polls():
        run, is_answered = _look(factory, run_id, tell)
        if run is not None:
            known_at, began = time.monotonic(), run.started_at or began
            if run.has_ended:
                return run
            if run.status != status:
                status = run.status
                tell(f"Run {run_id} is {status}: {factory.link(run_id)}")
        elif is_answered and time.monotonic() - known_at > factory.patience.vanished:
            raise VanishedRunError(
                f"Data Factory {factory.name} does not know its run {run_id} "
                f"({factory.link(run_id)}): deleted with its factory, or older than 45 days. "
                "Materialise the day again; a copy replaces an earlier one of the same day."
            )
        elif not is_answered:
            known_at = time.monotonic()
        _end_when_late(factory, run_id, began, tell)
        time.sleep(wait)
    raise AssertionError("polls() has no end")


def end_run(factory: DataFactory, run_id: str, tell: Tell) -> Run | None:
    """Cancel a run and wait until it has ended, however it does.

    A factory that does not take the request is asked again: the run would go on writing.

    Returns:
        The run as it ended; None when the factory does not know it.

    Raises:
        IngestionError: It has not ended in time, and may still write.
    """
    tell(f"Cancelling run {run_id}: {factory.link(run_id)}")
    problem = "not asked yet"
    until = time.monotonic() + factory.patience.cancelling
    for wait in factory.patience.polls():
        if problem:
            problem = _cancel(factory, run_id, tell)
        run, is_answered = _look(factory, run_id, tell)
        if is_answered and (run is None or run.has_ended):
            return run
        if time.monotonic() > until:
            break
        time.sleep(wait)
    what = f"could not be cancelled ({problem})" if problem else "was cancelled"
    raise IngestionError(
        f"Run {run_id} {what} and has not ended after {factory.patience.cancelling:.0f} s: "
        f"{factory.link(run_id)}"
    )


def _cancel(factory: DataFactory, run_id: str, tell: Tell) -> str:
    """Ask for the end of a run; returns why the factory did not take it, empty when it did."""
    from azure.core.exceptions import AzureError

    try:
        factory.cancel(run_id)
    except AzureError as error:
        tell(f"Cancelling run {run_id}: {in_words(error)}; asking again")
        return in_words(error)
    return ""


def _end_when_late(factory: DataFactory, run_id: str, began: datetime, tell: Tell) -> None:
    seconds = (datetime.now(UTC) - began).total_seconds()
    if seconds <= factory.patience.run:
        return
    ended = end_run(factory, run_id, tell)
    raise IngestionError(
        f"Timeout: run {run_id} took longer than {factory.patience.run / 60:g} minutes "
        f"(C360_INGESTION_TIMEOUT_MINUTES) and was cancelled; it ended as "
        f"{ended.status if ended else 'unknown'}: {factory.link(run_id)}"
    )


def _look(factory: DataFactory, run_id: str, tell: Tell) -> tuple[Run | None, bool]:
    """The run, None when there is none, and whether the factory answered at all."""
    from azure.core.exceptions import AzureError

    try:
        return factory.look(run_id), True
    except AzureError as error:
        if not is_unanswered(error):
            raise IngestionError(
                f"Data Factory does not show run {run_id}: {in_words(error)}"
            ) from error
        tell(f"Looking at run {run_id}: {in_words(error)}; asking again")
        return None, False
