"""Every page and filter over a simulated world."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from customer360.keys import gold
from customer360.resources.lake import Lake
from customer360_tests.dashboard.asking import PAGES, Asker

# One worker runs all that need the simulated world, or each would make its own.
pytestmark = pytest.mark.xdist_group("dashboard")


@pytest.mark.parametrize("page", PAGES)
def test_page_shows_the_world_as_of_its_last_day(ask: Asker, page: str) -> None:
    answer = ask.get(page)
    assert answer.status == 200
    assert "As of 2026-03-03, refreshed " in answer.words
    assert re.findall(r'<a href="([^"]*)" aria-current="page">', answer.text) == [page]


@pytest.mark.parametrize("page", ["/", "/segments", "/products", "/service"])
def test_page_takes_every_value_that_its_filters_offer(ask: Asker, page: str) -> None:
    first = ask.get(page)
    assert first.chosen == {name: values[0] for name, values in first.filters.items()}
    for name, values in first.filters.items():
        assert len(values) > 1
        for value in values:
            answer = ask.get(f"{page}?{name}={quote(value)}")
            assert answer.status == 200
            assert answer.chosen == first.chosen | {name: value}


def test_profile_takes_every_kind_of_event(ask: Asker, busiest: str, simulated: Lake) -> None:
    kinds = ask.get(f"/customers/{busiest}").filters["what"]
    assert kinds == [
        "everything", "purchase", "return", "cancelled_order", "web_session", "ticket", "social",
        "campaign_sent", "campaign_opened", "campaign_clicked", "campaign_unsubscribed",
    ]  # fmt: skip
    events = simulated.arrow(gold("customer_timeline")).to_pylist()
    done = {event["event_type"] for event in events if event["customer_id"] == busiest}
    assert len(done) > 3
    for kind in kinds[1:]:
        answer = ask.get(f"/customers/{busiest}?what={kind}")
        assert answer.chosen == {"what": kind}
        table = answer.text.rpartition("<h2>Timeline</h2>")[2]
        told = set(re.findall(r"<tr><td class=\"t\">[^<]*</td><td>([^<]*)</td>", table))
        assert told == ({kind.replace("_", " ")} if kind in done else set())


def test_profile_shows_what_is_older(ask: Asker, busiest: str, simulated: Lake) -> None:
    lake_rows = simulated.arrow(gold("customer_timeline")).to_pylist()
    moments = sorted(r["occurred_at"] for r in lake_rows if r["customer_id"] == busiest)
    before = quote(moments[1].isoformat())
    table = ask.get(f"/customers/{busiest}?before={before}").text.rpartition("Timeline")[2]
    assert re.findall(r"<tr><td class=\"t\">([^<]*)</td>", table) == [
        f"{moments[0]:%Y-%m-%d %H:%M}"
    ]


def test_profile_goes_on_within_a_moment(ask: Asker, busiest: str, simulated: Lake) -> None:
    lake_rows = simulated.arrow(gold("customer_timeline")).to_pylist()
    rows = [r for r in lake_rows if r["customer_id"] == busiest]
    first = min(rows, key=lambda row: row["occurred_at"])
    before = quote(f"{first['occurred_at'].isoformat()}|{first['event_key'][:-1]}")
    table = ask.get(f"/customers/{busiest}?before={before}").text.rpartition("Timeline")[2]
    assert first["reference_id"] in table


def test_page_says_that_no_new_day_has_come(simulated: Lake) -> None:
    late = Asker(simulated, now=lambda: datetime(2026, 3, 9, 12, tzinfo=UTC))
    told = "No newer day than 2026-03-03 has been loaded; it ended 5 days ago."
    assert told in late.get("/products").words
    assert "No newer day" not in Asker(simulated).get("/products").words


def test_page_leads_to_the_documentation_where_it_is_served(simulated: Lake) -> None:
    served = Asker(simulated, docs_url="https://docs.example.com/c360")
    assert '<a href="https://docs.example.com/c360/metrics.html"' in served.get("/").text
    assert "What the figures mean" not in Asker(simulated).get("/").text
