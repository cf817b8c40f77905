"""What those see of personal data who may not see it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import pytest

from customer360.serving.dashboard.masking import (
    HIDDEN,
    PERSONAL_COLUMNS,
    masked,
    masked_value,
    without_personal,
)
from customer360.sources import SOURCES

# Personal in a source, and in no table that a page shows: texts, browsers, cards at the till,
# names on parcels. What a customer typed or paid with never reaches the dashboard.
_NOT_SHOWN: Final = {
    "text", "user_agent", "anonymous_id", "payment_card_token", "receipt_email", "display_name",
    "shipping_name", "shipping_street", "shipping_city", "shipping_postal_code",
}  # fmt: skip

# Personal in gold, and no column that pages show by its name: a value of whatever attribute is
# masked as that attribute, keys of records are left out, terms and browsers are never shown, and of
# addresses of pages the path alone.
_OTHERWISE: Final = {
    "value", "record_key", "term", "anonymous_id", "visitor_id", "landing_page_url", "referrer_url",
}  # fmt: skip


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("first_name", "Ada", "A•••"),
        ("first_name", "Ada Maria", "A••• M•••"),
        ("first_name", "  ", ""),
        ("last_name", "Łukasiewicz", "Ł•••"),
        ("name", "ada byron", "a••• b•••"),
        ("title", "Dr.", "•••"),
        ("email", "ada.byron@mail.example", "a•••@•••.example"),
        ("email", "@mail.example", "•••@•••.example"),
        ("email", '"a@b"@mail.example', '"•••@•••.example'),
        ("email", "no address", "•••"),
        ("email", "ada@localhost", "a•••@•••"),
        ("phone", "+493012345678", "•••78"),
        ("phone", "110", "•••"),
        ("phone", "12345", "•••"),
        ("street", "Road 1", "•••"),
        ("address", "Road 1, 10115 Town", "•••"),
        ("postal_code", "10115", "•••"),
        ("city", "Town", "•••"),
        ("date_of_birth", date(1815, 12, 10), "1815"),
        ("date_of_birth", "1815-12-10", "•••"),
        ("loyalty_card", "4000123456", "•••56"),
        ("loyalty_card_number", "4000123456", "•••56"),
        ("handle", "ada", "•••"),
        ("account_id", "A00000017", "•••17"),
        ("contact_id", "K1", "•••"),
        ("country", "DE", "DE"),
        ("lifetime_spend_amount", 12, 12),
        ("email", None, None),
        ("email", "", ""),
    ],
)
def test_masked_hides_what_tells_who_somebody_is(column: str, value: Any, expected: Any) -> None:
    assert masked(column, value) == expected


@pytest.mark.parametrize("column", sorted(PERSONAL_COLUMNS))
def test_masked_leaves_nothing_of_a_value_when_it_is_short(column: str) -> None:
    assert "xyz" not in str(masked(column, "xyz"))
    assert HIDDEN in str(masked(column, "xyz"))


def test_masked_value_shows_nothing_of_an_attribute_that_nobody_declared() -> None:
    assert masked_value("email", "ada@x.example") == "a•••@•••.example"
    assert masked_value("shoe_size", "41") == HIDDEN
    assert masked_value("shoe_size", None) is None


def test_without_personal_keeps_order_and_leaves_out_personal_columns() -> None:
    columns = ["customer_id", "phone", "city", "segment", "email"]
    assert without_personal(columns) == ["customer_id", "segment"]


def _personal_fields() -> Iterator[str]:
    for source in SOURCES:
        for entity in source.entities:
            yield from (field.name for field in entity.fields if field.pii)
            for child in entity.children:
                yield from (field.name for field in child.fields if field.pii)


def test_personal_columns_are_all_that_sources_mark_as_personal() -> None:
    assert set(_personal_fields()) - PERSONAL_COLUMNS == _NOT_SHOWN


def test_personal_columns_are_all_that_gold_marks_as_personal(manifest: dict[str, Any]) -> None:
    marked = {
        column["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "gold"
        for column in node["columns"].values()
        if _is_personal(column)
    }
    assert marked - PERSONAL_COLUMNS == _OTHERWISE


def _is_personal(column: dict[str, Any]) -> bool:
    return bool({**column.get("config", {}).get("meta", {}), **column.get("meta", {})}.get("pii"))
