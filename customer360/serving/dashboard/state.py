"""What every page says of its data: how new they are, and whether they can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from customer360.errors import MissingTableError
from customer360.keys import CHECK_RESULTS, gold
from customer360.resources.loads import last_refresh
from customer360.serving.dashboard.view import View

if TYPE_CHECKING:
    from customer360.serving.dashboard.gold import GoldLake

# The nightly refresh of a day that ended comes a few hours later.
_LATE_AFTER: Final = timedelta(hours=36)


@dataclass(frozen=True)
class State:
    """How new and how sound the data of a page are.

    Attributes:
        as_of: Newest landing day that gold was built from; None for an empty lake.
        refreshed_at: When the last complete refresh ended (UTC); None before the first.
        warnings: What somebody who looks at the figures must know, in sentences.
    """

    as_of: date | None
    refreshed_at: datetime | None
    warnings: tuple[str, ...]


def state(view: View, lake: GoldLake, now: datetime) -> State | None:
    """What is known of the data; None where gold has not been built.

    Args:
        view: What the page is made from.
        lake: The lake.
        now: The clock, UTC.
    """
    try:
        as_of = view.as_of()
    except MissingTableError:
        return None
    # Not when a table was last written: upkeep writes, too.
    refresh = last_refresh(lake)
    refreshed_at = refresh["refreshed_at"] if refresh else None
    return State(as_of, refreshed_at, tuple(_warnings(view, as_of, now)))


def _warnings(view: View, as_of: date | None, now: datetime) -> list[str]:
    found = []
    if as_of is None:
        found.append("No customer is known yet.")
    else:
        ended = datetime.combine(as_of + timedelta(days=1), datetime.min.time(), now.tzinfo)
        if now - ended > _LATE_AFTER:
            days = (now - ended).days
            found.append(f"No newer day than {as_of} has been loaded; it ended {days} days ago.")
    if view.has(CHECK_RESULTS):
        (failing,) = view.rows(
            f"""select count(*) as n, count(*) filter (severity = 'ERROR') as errors
            from {view.reader.table(CHECK_RESULTS)} where not has_passed"""
        )
        if failing["errors"]:
            found.append(f"{failing['errors']} checks of the data fail: see Trust.")
        elif failing["n"]:
            found.append(f"{failing['n']} checks of the data warn: see Trust.")
    if view.has(gold("fct_ledger")):
        (open_,) = view.rows(
            f"select count(*) as n from {view.table('fct_ledger')} where not is_closed"
        )
        if open_["n"]:
            found.append(
                f"Records or money are missing on {open_['n']} landing days of entities: see Trust."
            )
    return found
