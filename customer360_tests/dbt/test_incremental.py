"""Incremental gold: what a model makes of the changed days equals what it makes of everything."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from customer360 import keys
from customer360.assets.silver_load import load_days
from customer360.resources.watermarks import Increment, increments, record_increments
from customer360_tests.builders import DAY, put_bronze, record, spec
from customer360_tests.dbt.gold import Gold, put_links

NEXT = DAY + timedelta(days=1)
MODEL, SOURCE = "fct_web_sessions", "web__events"
SESSIONS = ("--select", f"+{MODEL},config.materialized:view", MODEL)


def event(number: int, browser: str | None, minute: int, day: date = DAY) -> dict[str, Any]:
    return record(
        SOURCE,
        event_id=f"E{number}",
        anonymous_id=browser,
        occurred_at=f"{day}T09:{minute:02}:00Z",
        url=f"https://shop.example/{number}",
    )


def landed(gold: Gold, day: date, events: Sequence[dict[str, Any]]) -> None:
    put_bronze(gold.engine.lake, SOURCE, events, day=day)
    load_days(gold.engine, *spec(SOURCE), [day], "EUR")


def increment(gold: Gold, project: str = "p") -> Increment:
    (found,) = increments(gold.engine.lake, {MODEL: SOURCE}, project)
    return found


def sessions(gold: Gold, days: Sequence[date] | None) -> list[dict[str, Any]]:
    """The session table after a run that is told these days; built whole with None."""
    changed = {} if days is None else {MODEL: [str(day) for day in days]}
    gold.run("run", *SESSIONS, as_of=NEXT, changed_days=changed)
    return gold.rows(MODEL)


@pytest.fixture
def built(gold: Gold) -> Gold:
    """A session table over one day: b1 to b4, a visit without a cookie, and its watermark."""
    landed(gold, NEXT, [])
    visits = [(1, "b1", 0), (2, "b1", 5), (3, "b2", 0), (4, "b3", 0), (5, "b3", 1), (6, "b4", 0)]
    landed(gold, DAY, [event(*visit) for visit in visits] + [event(7, None, 0)])
    put_links(gold.engine, {(SOURCE, "b1"): ("C1", "account_id")})
    before = increment(gold)
    assert len(sessions(gold, None)) == 5
    record_increments(gold.engine.lake, [before], "p")
    return gold


def test_table_as_its_refresh_left_it_has_no_day_to_read_again(built: Gold) -> None:
    assert increment(built).days == ()
    standing = built.rows(MODEL)
    assert sessions(built, ()) == standing


def test_changed_days_alone_make_the_whole_table(built: Gold) -> None:
    """b2 comes back and b5 is new; b3 loses an event and b4 all; b1 is another customer's."""
    landed(built, NEXT, [event(8, "b2", 0, NEXT), event(9, "b5", 0, NEXT)])
    kept = [(1, "b1", 0), (2, "b1", 5), (3, "b2", 0), (4, "b3", 0)]
    landed(built, DAY, [event(*visit) for visit in kept] + [event(7, None, 0)])
    put_links(built.engine, {(SOURCE, "b1"): ("C2", "account_id"), (SOURCE, "b5"): ("C5", "x")})
    days = increment(built).days
    assert days == (DAY, NEXT)
    made = sessions(built, days)
    assert {(s["anonymous_id"], s["customer_id"]) for s in made} == {
        ("b1", "C2"), ("b2", None), ("b3", None), ("b5", "C5"), (None, None)
    }  # fmt: skip
    assert made == sessions(built, None)


def test_visitor_who_only_lost_events_is_divided_again(built: Gold) -> None:
    """The day is not named: fewer events than the sessions count are enough."""
    kept = [(1, "b1", 0), (2, "b1", 5), (3, "b2", 0), (4, "b3", 0)]
    landed(built, DAY, [event(*visit) for visit in kept] + [event(7, None, 0)])
    made = sessions(built, ())
    assert {s["anonymous_id"] for s in made} == {"b1", "b2", "b3", None}
    assert made == sessions(built, None)


def test_unchanged_visitor_is_not_divided_again(built: Gold) -> None:
    """Behind the pipeline's back, so that it shows which rows were carried over."""
    table = built.engine.lake.delta(keys.gold(MODEL))
    table.update({"landing_page_url": "'carried over'"})
    landed(built, NEXT, [event(8, "b2", 0, NEXT)])
    pages = {(s["anonymous_id"], s["landing_page_url"]) for s in sessions(built, [NEXT])}
    shop = "https://shop.example"
    assert ("b1", "carried over") in pages
    assert {page for browser, page in pages if browser == "b2"} == {f"{shop}/3", f"{shop}/8"}


@pytest.mark.parametrize("changed", ["another project", "table", "no mark"])
def test_table_that_is_not_as_its_refresh_left_it_is_built_whole(built: Gold, changed: str) -> None:
    if changed == "table":
        built.engine.lake.delta(keys.gold(MODEL)).delete("anonymous_id = 'b1'")
    if changed == "no mark":
        built.engine.lake.delta(keys.WATERMARKS).delete()
    assert increment(built, "q" if changed == "another project" else "p").days is None
