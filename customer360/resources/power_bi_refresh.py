"""A refresh of the semantic model: asked for once, followed by its request id to its end.

Power BI has one refresh at a time. Somebody else's is waited for, as it may have read gold before
the tables that ours is for. Not asked for twice: what has been asked is written down before it is
asked, its request id before it is waited for.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from customer360.errors import PowerBiError
from customer360.resources.power_bi import PowerBi
from customer360.resources.power_bi_answers import (
    BY_REQUEST,
    COMPLETED,
    NotNowError,
    Refresh,
    UnansweredError,
)
from customer360.resources.power_bi_asked import Asked, AskedRefresh

Tell = Callable[[str], None]
# Refused so often in a row while nothing runs, it is refused for another reason.
_REFUSALS: Final = 3


def refresh_model(power_bi: PowerBi, notes: AskedRefresh, gold: str, tell: Tell) -> Refresh:
    """Have the semantic model refreshed: follow the refresh that is open already, or ask for one.

    Args:
        power_bi: The semantic model.
        notes: Where a refresh is written down.
        gold: What gold is now; an open refresh that was asked for another gold is followed, and
            then another one is asked for.
        tell: Takes a sentence for the log.

    Returns:
        The refresh as it completed.

    Raises:
        PowerBiError: It failed, was cancelled, took too long, or may not be asked for.
    """
    open_one = notes.get()
    if open_one is not None:
        done = _resume(power_bi, notes, open_one, tell)
        if done is not None and done.status == COMPLETED and open_one.gold == gold:
            return done
    asked = Asked(gold, _newest(power_bi, tell))
    notes.put(asked)
    asked = replace(asked, request_id=_start(power_bi, asked, tell))
    notes.put(asked)
    return _completed(power_bi, _follow(power_bi, notes, asked.request_id, tell))


def _resume(power_bi: PowerBi, notes: AskedRefresh, asked: Asked, tell: Tell) -> Refresh | None:
    """Follow a refresh that was asked for before; None when there is none."""
    request_id = asked.request_id or _begun(power_bi, asked, tell)
    if not request_id:
        tell("A refresh was to be asked for before, and never began.")
        notes.forget()
        return None
    tell(f"Following refresh {request_id}, which was asked for before.")
    notes.put(replace(asked, request_id=request_id))
    try:
        return _follow(power_bi, notes, request_id, tell)
    except _VanishedError as error:
        tell(str(error))
        return None


class _VanishedError(PowerBiError):
    """Power BI does not know a refresh that it has accepted."""


def _start(power_bi: PowerBi, asked: Asked, tell: Tell) -> str:
    """Ask until a refresh is accepted; returns its request id."""
    until, refusals, running = time.monotonic() + power_bi.patience.run, 0, ""
    for wait in power_bi.patience.polls():
        pause = wait
        try:
            return power_bi.start()
        except UnansweredError as error:
            tell(f"{error}; asking again")
            pause = error.retry_after or wait
            if not error.is_refused:
                time.sleep(pause)
                pause = 0
                # Asked again although it had begun, there would be two.
                found = _begun(power_bi, asked, tell)
                if found:
                    return found
        except NotNowError as error:
            other = next((r for r in _latest(power_bi, tell) if not r.has_ended), None)
            if other is None:
                refusals += 1
                if refusals == _REFUSALS:
                    raise PowerBiError(
                        f"{error}, and no other refresh is running. Refreshes by request id need "
                        f"a workspace on a capacity (Premium, Fabric, Embedded): {power_bi.link}"
                    ) from error
            elif other.request_id != running:
                refusals, running = 0, other.request_id
                tell(f"Refresh {running} of somebody else runs; waiting until it has ended.")
        if time.monotonic() > until:
            raise PowerBiError(
                f"No refresh could be asked for in {power_bi.patience.run / 60:g} minutes "
                f"(C360_POWER_BI_TIMEOUT_MINUTES): {power_bi.link}"
            )
        time.sleep(pause)
    raise AssertionError("polls() has no end")


def _begun(power_bi: PowerBi, asked: Asked, tell: Tell) -> str:
    """Request id of a refresh that began after `asked` was written down; empty when none did.

    Somebody else's by request id would be taken for it. It began later, so it reads gold as new.
    """
    for each in _latest(power_bi, tell):
        if each.request_id == asked.newest_before:
            return ""
        if each.kind == BY_REQUEST:
            return each.request_id
    return ""


def _newest(power_bi: PowerBi, tell: Tell) -> str:
    latest = _latest(power_bi, tell)
    return latest[0].request_id if latest else ""


def _latest(power_bi: PowerBi, tell: Tell) -> list[Refresh]:
    """The latest refreshes; asked for until Power BI answers."""
    until = time.monotonic() + power_bi.patience.run
    for wait in power_bi.patience.polls():
        try:
            return power_bi.latest()
        except UnansweredError as error:
            if time.monotonic() > until:
                raise
            tell(f"Listing refreshes: {error}; asking again")
            time.sleep(error.retry_after or wait)
    raise AssertionError("polls() has no end")


def _follow(power_bi: PowerBi, notes: AskedRefresh, request_id: str, tell: Tell) -> Refresh:
    """Look at a refresh, less and less often, until it has ended; then it is no longer open."""
    began = known_at = time.monotonic()
    status = ""
    for wait in power_bi.patience.polls():
        pause = wait
        try:
            refresh = power_bi.look(request_id)
        except UnansweredError as error:
            tell(f"Looking at refresh {request_id}: {error}; asking again")
            pause, known_at = error.retry_after or wait, time.monotonic()
        else:
            if refresh is not None:
                known_at = time.monotonic()
                if refresh.has_ended:
                    notes.forget()
                    return refresh
                if refresh.status != status:
                    status = refresh.status
                    tell(f"Refresh {request_id} is {status}: {power_bi.link}")
            elif time.monotonic() - known_at > power_bi.patience.vanished:
                notes.forget()
                raise _VanishedError(
                    f"Power BI does not know the refresh {request_id} that it accepted: "
                    f"{power_bi.link}. Materialise the asset again."
                )
        if time.monotonic() - began > power_bi.patience.run:
            return _end(power_bi, notes, request_id, tell)
        time.sleep(pause)
    raise AssertionError("polls() has no end")


def _end(power_bi: PowerBi, notes: AskedRefresh, request_id: str, tell: Tell) -> Refresh:
    """Cancel a refresh that takes too long, and wait until it has ended.

    Raises:
        PowerBiError: Always, unless it completed all the same; the message says how it ended.
    """
    late = (
        f"Refresh {request_id} took longer than {power_bi.patience.run / 60:g} minutes "
        "(C360_POWER_BI_TIMEOUT_MINUTES)"
    )
    tell(f"{late}: cancelling it.")
    until = time.monotonic() + power_bi.patience.cancelling
    for wait in power_bi.patience.polls():
        try:
            power_bi.cancel(request_id)
            refresh = power_bi.look(request_id)
        except UnansweredError as error:
            tell(f"Cancelling refresh {request_id}: {error}; asking again")
        else:
            if refresh is None or refresh.has_ended:
                notes.forget()
                if refresh is not None and refresh.status == COMPLETED:
                    return refresh
                ended = refresh.status if refresh else "unknown"
                raise PowerBiError(f"{late} and was cancelled; it ended as {ended}.")
        if time.monotonic() > until:
            # It stays written down, and the next materialisation follows it.
            raise PowerBiError(f"{late}, and has not ended after it was cancelled.")
        time.sleep(wait)
    raise AssertionError("polls() has no end")


def _completed(power_bi: PowerBi, refresh: Refresh) -> Refresh:
    if refresh.status == COMPLETED:
        return refresh
    advice = {
        "Cancelled": "Somebody cancelled it. Materialise the asset again.",
        "Disabled": "Power BI has disabled refreshes after repeated failures; enable them in the "
        "settings of the semantic model.",
    }.get(refresh.status, "The history of refreshes there says more.")
    said = f": {refresh.message.rstrip('.')}" if refresh.message else ""
    raise PowerBiError(
        f"Refresh {refresh.request_id} ended as {refresh.status}{said}. {advice} {power_bi.link}"
    )
