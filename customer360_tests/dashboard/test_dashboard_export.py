"""Lists of segments as CSV, over a gold written by hand."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import pytest

from customer360.errors import MissingTableError
from customer360.keys import gold
from customer360.resources.lake import Lake
from customer360.serving.dashboard.export import COLUMNS, segment_lines
from customer360.serving.dashboard.gold import GoldLake
from customer360.serving.dashboard.viewers import Viewer
from customer360_tests.looking_lake import write

SEES, MASKED = Viewer(sees_personal_data=True), Viewer(sees_personal_data=False)
_KINDS: Final = {
    "order_count": "bigint",
    "lifetime_spend_amount": "decimal(18,2)",
    "last_ordered_at": "timestamp",
}
_TYPED: Final = [
    (name, "boolean" if name.startswith("is_") else _KINDS.get(name, "string")) for name in COLUMNS
]


def _put(lake: Lake, customers: Sequence[Mapping[str, Any]]) -> None:
    rows = [{"segment": "loyal", **customer} for customer in customers]
    write(lake, gold("customer_360"), _TYPED, rows)
    segments = [("customer_id", "string"), ("segment", "string")]
    write(lake, gold("customer_segments"), segments, rows)


def _list(lake: Lake, segment: str, viewer: Viewer) -> list[list[str]]:
    lines = segment_lines(GoldLake(lake.url), segment, viewer)
    assert lines is not None
    return list(csv.reader(io.StringIO("".join(lines), newline="")))


ADA: Final = {
    "customer_id": "C1", "title": "Dr.", "first_name": "Ada", "last_name": "Byron",
    "email": "ada@mail.example", "phone": "+493012345678", "street": "Road 1, back",
    "postal_code": "10115", "city": "Town", "country": "DE", "order_count": 3,
    "lifetime_spend_amount": Decimal("1234.50"),
    "last_ordered_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "is_email_allowed": True,
    "is_sms_allowed": False,
}  # fmt: skip


def test_list_holds_every_column_of_the_segments_customers_by_spending(lake: Lake) -> None:
    bob = {"customer_id": "C2", "lifetime_spend_amount": Decimal("9000.00")}
    carl = {"customer_id": "C3", "segment": "lost"}
    _put(lake, [ADA, bob, carl])
    assert _list(lake, "loyal", SEES) == [
        [
            "customer_id", "title", "first_name", "last_name", "email", "phone", "street",
            "postal_code", "city", "country", "segment", "order_count", "lifetime_spend_amount",
            "last_ordered_at", "is_email_allowed", "is_sms_allowed", "is_phone_allowed",
            "is_post_allowed",
        ],
        ["C2", *[""] * 9, "loyal", "", "9000.00", *[""] * 5],
        [
            "C1", "Dr.", "Ada", "Byron", "ada@mail.example", "+493012345678", "Road 1, back",
            "10115", "Town", "DE", "loyal", "3", "1234.50", "2026-01-02T03:04:05Z", "true",
            "false", "", "",
        ],
    ]  # fmt: skip


def test_list_has_no_personal_column_when_the_viewer_may_not_see_them(lake: Lake) -> None:
    _put(lake, [ADA])
    assert _list(lake, "loyal", MASKED) == [
        [
            "customer_id", "country", "segment", "order_count", "lifetime_spend_amount",
            "last_ordered_at", "is_email_allowed", "is_sms_allowed", "is_phone_allowed",
            "is_post_allowed",
        ],
        ["C1", "DE", "loyal", "3", "1234.50", "2026-01-02T03:04:05Z", "true", "false", "", ""],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+SUM(1)", "'+SUM(1)"),
        ("+49 30", "'+49 30"),
        ("-1+1", "'-1+1"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        (" =1", "' =1"),
        ("＝1+1", "'＝1+1"),
        ("+493012345678", "+493012345678"),
        ('O"Neil, Jr.\r\n', 'O"Neil, Jr.\r\n'),
        ("Łódź", "Łódź"),
    ],
)
def test_list_holds_no_formula(lake: Lake, value: str, cell: str) -> None:
    _put(lake, [{"customer_id": "C1", "last_name": value, "phone": value}])
    _, row = _list(lake, "loyal", SEES)
    assert (row[3], row[5]) == (cell, cell)


@pytest.mark.parametrize("segment", ["", "Loyal", "loyal' or 1=1 --", "x" * 10_000])
def test_list_of_a_segment_that_nobody_is_in_is_none(lake: Lake, segment: str) -> None:
    _put(lake, [ADA])
    assert segment_lines(GoldLake(lake.url), segment, SEES) is None


@pytest.mark.parametrize("missing", ["customer_360", "customer_segments"])
def test_list_is_refused_before_it_begins_when_a_table_is_missing(lake: Lake, missing: str) -> None:
    rows = [{"customer_id": "C1", "segment": "loyal"}]
    for table in {"customer_360", "customer_segments"} - {missing}:
        write(lake, gold(table), _TYPED, rows)
    with pytest.raises(MissingTableError, match=missing):
        segment_lines(GoldLake(lake.url), "loyal", SEES)
