"""Requests that no page links to: what nobody offered, hostile texts, addresses that are none."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

import pytest

from customer360_tests.dashboard.asking import PAGES, Asker

# One worker runs all that need the simulated world, or each would make its own.
pytestmark = pytest.mark.xdist_group("dashboard")


_NOT_OFFERED: Final = [
    "nothing", "month:999", "last_28_days:1", "'; drop table customer_360; --", "x" * 10_000, "\0",
    "", "%", "٣", "<script>",
]  # fmt: skip


@pytest.mark.parametrize("page", ["/", "/segments", "/products", "/service"])
@pytest.mark.parametrize("value", _NOT_OFFERED)
def test_page_takes_its_first_choice_when_a_filter_was_not_offered(
    ask: Asker, page: str, value: str
) -> None:
    first = ask.get(page)
    asked = "&".join(f"{name}={quote(value)}" for name in first.filters)
    assert ask.get(f"{page}?{asked}").text == first.text


@pytest.mark.parametrize(
    "asked", ["zzzzzzzzzz", "%", "_", "'", "\0", "\x1b[31m", "\u202egro", "1", "=1+1", "a" * 10_000]
)
def test_search_says_that_nobody_was_found(ask: Asker, asked: str) -> None:
    answer = ask.get(f"/customers?q={quote(asked)}")
    assert answer.status == 200
    assert "Nobody was found for" in answer.words


def test_search_writes_what_was_asked_as_text(ask: Asker) -> None:
    answer = ask.get("/customers?q=" + quote("\"><script>alert('1')</script>{{ 7 * 7 }}"))
    assert "<script>alert" not in answer.text
    assert "\"><script>alert('1')</script>{{ 7 * 7 }}" in answer.words


@pytest.mark.parametrize(
    "customer",
    [
        "C0", "x", "../../etc/passwd", "%2e%2e%2f", "' or 1=1 --", "C1;drop", "\0", "\n", "é",
        "a" * 10_000, " ", "customer_360", "{{7*7}}",
    ],
)  # fmt: skip
def test_unknown_id_is_told_without_repeating_it(ask: Asker, customer: str) -> None:
    answer = ask.get(f"/customers/{quote(customer, safe='')}")
    assert answer.status == 404
    assert answer.words.endswith(
        ("There is no such customer The id is none that was ever given to a customer.",
         "There is no such page The address is not one of this dashboard.")
    )  # fmt: skip


@pytest.mark.parametrize(
    "address",
    [
        "/nothing", "/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2f..%2fapp.py",
        "/static/%2fetc%2fpasswd", "/segments/..%2f..%2fx.csv", "/segments/nobody.csv",
        "/segments/%0d%0aSet-Cookie:%20a=b.csv", "/segments/.csv", "//example.com/",
    ],
)  # fmt: skip
def test_address_that_is_none_is_not_found(ask: Asker, address: str) -> None:
    answer = ask.get(address)
    assert answer.status == 404
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("before", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "x",
                                    "2026-01-01", "2026-01-01T00:00:00Z'", "\0"])  # fmt: skip
def test_profile_takes_any_moment(ask: Asker, busiest: str, before: str) -> None:
    assert ask.get(f"/customers/{busiest}?before={quote(before)}").status == 200


@pytest.mark.parametrize(
    "address", [*PAGES, "/nothing", "/customers/C0", "/segments/nobody.csv", "/segments/lost.csv"]
)
def test_answer_forbids_what_pages_do_not_need(ask: Asker, address: str) -> None:
    headers = ask.get(address).headers
    assert headers["content-security-policy"] == (
        "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; "
        "img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_pages_are_for_reading_only(ask: Asker, method: str) -> None:
    assert ask.get("/", method=method).status == 405
