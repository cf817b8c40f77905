"""What warns about identity: shares that fell since the last run, customers that are too large."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from customer360.checks.identity_drift import (
    ATTACHED_SHARE,
    LEAST_RECORDS,
    MATCH_RATE,
    MOST_POINTS_LOST,
    RECORDS,
    fallen,
    kept_figures,
    too_large,
)
from customer360.checks.identity_health import Health, Pairs, TableFigures
from customer360.checks.identity_truth import Agreement, Cohabitation, People
from customer360.identity.match_model import default_model
from customer360.pages.identity_page import page
from customer360.resources.identity_history import PastFigures, keep_figures, read_figures
from customer360.resources.lake import Lake

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
CONTACTS, ORDERS = "crm__contacts", "ecommerce__orders"
HEALTH = Health(
    links_version=3,
    customers=4,
    households=2,
    tables=(TableFigures(CONTACTS, 1000, 1000, 800), TableFigures(ORDERS, 500, 400, 300)),
    sizes=((0, 1), (1, 2), (20, 1)),
    largest=(("C1", 20), ("C2", 1)),
    pairs=Pairs(90, 50, 20, 10, ((-2, False, 30), (9, True, 20))),
    model=default_model(),
)


def shares(**points: int) -> dict[tuple[str, str], float]:
    """Match rates in percent by part, each of plenty of records."""
    rates = {(MATCH_RATE, part): share / 100 for part, share in points.items()}
    return rates | {(RECORDS, part): LEAST_RECORDS for part in points}


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        (80, 80, []),
        (80, 80 - MOST_POINTS_LOST, []),
        (80, 79 - MOST_POINTS_LOST, ["a: 74.0%, 80.0% at the last run"]),
        (80, 99, []),
    ],
)
def test_share_that_fell_too_far_is_told(was: int, now: int, expected: list[str]) -> None:
    assert list(fallen(shares(a=now), shares(a=was), MATCH_RATE)) == expected
    assert list(fallen(shares(a=now), shares(a=was), ATTACHED_SHARE)) == []


def test_first_run_and_new_tables_have_nothing_to_compare_with() -> None:
    assert list(fallen(shares(a=1), {}, MATCH_RATE)) == []
    assert list(fallen(shares(a=80, b=1), shares(a=80), MATCH_RATE)) == []


def test_few_records_are_not_judged() -> None:
    few = shares(a=90) | {(RECORDS, "a"): LEAST_RECORDS - 1}
    assert list(fallen(shares(a=10), few, MATCH_RATE)) == []
    assert list(fallen(few | shares(b=1) | {(MATCH_RATE, "a"): 0.1}, few, MATCH_RATE)) == []


def test_campaigns_choose_whom_they_are_sent_to() -> None:
    now, before = (shares(marketing__deliveries=share) for share in (10, 90))
    assert list(fallen(now, before, MATCH_RATE)) == []


def test_customer_with_more_records_than_the_limit_is_told() -> None:
    assert too_large(HEALTH, 20) == []
    assert too_large(HEALTH, 19) == ["C1 has 20 accounts, contacts and profiles"]


def test_activity_is_what_customers_do() -> None:
    activity = HEALTH.activity
    assert (activity.records, activity.attached_share, activity.match_rate) == (500, 0.8, 0.6)
    assert TableFigures("a", 0, 0, 0).match_rate == 0


def test_figures_are_kept_once_for_a_state_and_read_in_order(lake: Lake) -> None:
    assert read_figures(lake) == []
    figures = kept_figures(HEALTH)
    keep_figures(lake, 3, {("customers", ""): 1}, at=AT)
    keep_figures(lake, 3, figures, at=AT.replace(hour=13))
    keep_figures(lake, 5, figures, at=AT.replace(hour=11))
    found = read_figures(lake)
    assert [(run.links_version, run.measured_at.hour) for run in found] == [(5, 11), (3, 13)]
    assert found[1].figures == figures


def test_page_needs_nothing_but_itself() -> None:
    past = [PastFigures(2, AT, kept_figures(HEALTH) | {("customers", ""): 77})]
    text = page(HEALTH, past, ["<b>C1</b> is large"], at=AT)
    assert "<script" not in text
    assert "href" not in text.replace("xlink:href", "")
    assert "&lt;b&gt;C1&lt;/b&gt; is large" in text
    assert text.count("<svg") == 5
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    assert "currentColor" in text
    assert ">77<" in text
    assert "truth" not in text


def test_page_of_the_first_run_says_so_and_tells_the_truth_where_it_is_known() -> None:
    agreement = Agreement(2, 3, 0.9, 0.8, 0.8512)
    known = replace(
        HEALTH, people=People(4, agreement, agreement), homes=Cohabitation(2, 4, 0.5, 0.5)
    )
    text = page(known, [], [], at=AT)
    assert "There is no earlier run to compare with." in text
    assert text.count("<svg") == 4
    assert "0.8512" in text and "0.5000" in text
    assert kept_figures(known)["b_cubed_f1", "truth"] == 0.8512
