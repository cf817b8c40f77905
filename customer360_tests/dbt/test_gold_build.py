"""The whole project on the embedded engine: hand-made records in, the rows of gold written out."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable

from customer360.assets.silver_load import load_days
from customer360.checks.reconciliation import SILVER_TO_GOLD, WITHIN_GOLD, reconcile
from customer360.identity import contract as identity
from customer360.keys import GOLD, TableKey
from customer360.serving.published import read_gold
from customer360.serving.readable import reader_problems
from customer360.serving.synapse.names import text_bytes
from customer360_tests.builders import put_bronze, record, spec
from customer360_tests.dbt.gold import Gold, put_identity, put_links

# One worker: the manifest is parsed once.
pytestmark = pytest.mark.xdist_group("dbt_manifest")

DAY = date(2026, 1, 10)
AS_OF = date(2026, 1, 20)

_RECEIPT, _LINE, _ORDER = "pos__receipts", "pos__receipt_lines", "ecommerce__orders"
LANDED: dict[str, list[dict[str, Any]]] = {
    "catalog__products": [
        record("catalog__products", unit_cost="4.255"),
        record("catalog__products", sku="P2", name="Pan", department="Home", category="Kitchen"),
    ],
    "catalog__stores": [record("catalog__stores")],
    _RECEIPT: [
        record(_RECEIPT, sold_at="2026-01-02T23:30:00-01:00", total_amount="31.00"),
        record(_RECEIPT, receipt_id="R2", sold_at="2026-01-05T10:00:00Z", total_amount="-10.50"),
        record(_RECEIPT, receipt_id="R3", sold_at="2026-01-06T10:00:00Z", total_amount="5.00"),
        # Nobody known, a store that the catalog does not know, a product neither.
        record(
            _RECEIPT,
            receipt_id="R4",
            store_id="S9",
            sold_at="2026-01-07T10:00:00Z",
            total_amount="7.77",
        ),
    ],
    _LINE: [
        record(_LINE, quantity="2", line_amount="21.00"),
        record(_LINE, line_number="2", sku="P2", quantity="1", line_amount="10.00"),
        record(_LINE, receipt_id="R2", quantity="-1", line_amount="-10.50"),
        # R3's total says 5.00: 0.50 that no line explains.
        record(_LINE, receipt_id="R3", quantity="1", line_amount="4.50"),
        record(_LINE, receipt_id="R4", sku="P9", quantity="1", line_amount="7.77"),
        # Its receipt never landed: no currency, no day, no money in gold.
        record(_LINE, receipt_id="R8", line_amount="1000.00"),
    ],
    "ecommerce__accounts": [record("ecommerce__accounts")],
    _ORDER: [
        record(_ORDER),
        record(_ORDER, order_id="O2", status="cancelled", ordered_at="2026-01-03T09:00:00Z"),
    ],
    "crm__contacts": [record("crm__contacts"), record("crm__contacts", contact_id="K2")],
    "crm__consents": [
        record("crm__consents"),
        record("crm__consents", channel="phone", status="denied"),
        record("crm__consents", contact_id="K2", channel="post"),
    ],
    "web__events": [
        record("web__events"),
        record("web__events", event_id="E2", event_type="add_to_cart", account_id="A1"),
        record("web__events", event_id="E3", anonymous_id="C9", occurred_at="2026-01-04T09:00:00Z"),
    ],
    "social__profiles": [record("social__profiles")],
    "social__interactions": [
        record("social__interactions", kind="review"),
        record("social__interactions", interaction_id="I2", handle="nobody"),
    ],
    "service__tickets": [
        record("service__tickets", csat="4"),
        record(
            "service__tickets",
            ticket_id="T2",
            status="closed",
            csat="5",
            closed_at="2026-01-02T09:30:00Z",
        ),
    ],
    "marketing__campaigns": [record("marketing__campaigns", ended_on="2026-01-04")],
    "marketing__deliveries": [
        record("marketing__deliveries", opened_at="2026-01-02T09:00:00Z"),
        record("marketing__deliveries", delivery_id="D2", group="control", sent_at=None),
    ],
}  # fmt: skip

ADA, BOB, CYD = "customer-ada", "customer-bob", "customer-cyd"
LINKS = {
    (_RECEIPT, "R1"): (ADA, "loyalty_card"),
    (_RECEIPT, "R2"): (ADA, "loyalty_card"),
    (_RECEIPT, "R3"): (BOB, "email"),
    (_ORDER, "O1"): (ADA, "account_id"),
    (_ORDER, "O2"): (ADA, "account_id"),
    ("ecommerce__accounts", "A1"): (ADA, "account_id"),
    ("crm__contacts", "K1"): (ADA, "contact_id"),
    ("crm__contacts", "K2"): (CYD, "contact_id"),
    ("web__events", "C1"): (BOB, "anonymous_id"),
    ("social__profiles", "chirp|ada"): (ADA, "social_handle"),
    ("service__tickets", "T1"): (ADA, "email"),
    ("service__tickets", "T2"): (ADA, "email"),
    ("marketing__deliveries", "D1"): (ADA, "email"),
    ("marketing__deliveries", "D2"): (BOB, "email"),
}
CUSTOMERS = [
    {
        "customer_id": ADA, "title": "Dr", "first_name": "Ada", "last_name": "Byron",
        "name_source": "crm__contacts", "email": "ada@example.com",
        "email_source": "ecommerce__accounts", "phone": "+4930123456",
        "phone_source": "crm__contacts",
        "street": "Road 1", "city": "Town", "postal_code": "10115", "country": "DE",
        "address_source": "ecommerce__accounts",
        "address_claimed_at": datetime(2026, 1, 4, 9, tzinfo=UTC),
        "date_of_birth": date(1990, 1, 21), "date_of_birth_source": "crm__contacts",
        "loyalty_card_number": "L1", "record_count": 10,
        "source_count": 6, "has_account": True, "has_contact": True, "has_loyalty_card": True,
        "has_social_profile": True, "first_seen_on": DAY, "last_seen_on": DAY, "is_deleted": False,
    },
    {"customer_id": BOB, "email": "bob@example.com", "record_count": 3, "source_count": 3},
    {
        "customer_id": CYD, "street": "Lane 2", "record_count": 1, "source_count": 1,
        "has_contact": True,
    },
]  # fmt: skip

HOUSEHOLDS = [
    {"customer_id": ADA, "household_id": "H1", "member_count": 2},
    {"customer_id": BOB, "household_id": "H1", "member_count": 2},
    {"customer_id": CYD, "household_id": "H3", "member_count": 1},
]

ZERO = Decimal("0.00")


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 1, day, hour, minute, tzinfo=UTC)


@pytest.fixture(scope="module")
def built(gold: Gold) -> Gold:
    """Gold of the hand-made records."""
    for table, records in LANDED.items():
        put_bronze(gold.engine.lake, table, records, day=DAY)
        load_days(gold.engine, *spec(table), [DAY], "EUR")
    put_links(gold.engine, LINKS)
    put_identity(gold.engine, identity.CUSTOMERS, CUSTOMERS)
    put_identity(gold.engine, identity.HOUSEHOLDS, HOUSEHOLDS)
    gold.run("build", as_of=AS_OF)
    return gold


def test_findings_about_the_data_warn_and_nothing_else_does(built: Gold) -> None:
    assert {n for n, status in built.statuses.items() if status == "warn"} == {
        "pos__receipts_store_id_exists_in_catalog__stores",
        "pos__receipt_lines_sku_exists_in_catalog__products",
        "pos__receipt_lines_receipt_id_exists_in_pos__receipts",
        "order_totals_equal_lines_and_shipping",
    }


def test_every_column_of_every_model_and_snapshot_is_described(
    built: Gold, manifest: dict[str, Any]
) -> None:
    nodes = [n for n in manifest["nodes"].values() if n["resource_type"] in ("model", "snapshot")]
    for node in nodes:
        described = {c["name"] for c in node["columns"].values() if c["description"]}
        table = built.engine.session.table(f"{node['schema']}.{node['name']}")
        assert set(table.columns) == described, node["name"]


def test_all_unit_tests_ran(built: Gold) -> None:
    names = {
        "int_orders_unioned_gives_both_channels_one_shape",
        "fct_web_sessions_starts_a_session_after_30_minutes",
        "int_customer_consents_latest_takes_the_newest_decision",
        "fct_orders_counts_no_cancelled_order_and_subtracts_returns",
        "fct_web_sessions_takes_the_account_before_the_browser",
        "campaign_performance_compares_treated_with_held_out",
        "fct_ledger_adds_up_both_hops_of_a_day",
        "customer_rfm_gives_equal_values_equal_scores",
        "customer_segments_takes_the_first_rule_that_matches",
        "customer_segments_monthly_recomputes_the_segment_of_every_month_end",
        "customer_search_finds_every_name_and_identifier_but_placeholders",
        "sales_by_period_counts_a_customer_once_in_each_period_and_place",
        "customer_records_tells_what_connects_a_record_to_the_others",
        "customer_timeline_has_every_channel_and_a_ticket_once",
        "customer_categories_compares_a_customer_with_everybody",
        "retention_cohorts_has_a_row_for_months_in_which_nobody_bought",
        "repeat_purchases_counts_who_bought_again_and_who_is_awaited",
        "category_pairs_counts_orders_with_both",
        "product_performance_counts_an_order_once_and_knows_no_margin_without_cost",
        "service_performance_compares_30_days_before_and_after_a_ticket",
    }
    assert {n: built.statuses.get(n) for n in names} == dict.fromkeys(names, "pass")


def test_fct_orders_has_both_channels_with_returns_cancellations_and_unknowns(built: Gold) -> None:
    receipt = {
        "channel": "store", "store_key": sha("store|S1"), "status": "completed", "tender": "card",
        "is_cancelled": False, "is_return": False, "is_purchase": True, "line_count": 1,
        "returned_amount": ZERO, "shipping_amount": ZERO, "unexplained_amount": ZERO,
        "purchase_number": None,
    }  # fmt: skip
    order = {
        "order_key": sha("ecommerce|O1"), "channel": "web", "order_id": "O1", "customer_id": ADA,
        "matched_by": "account_id", "store_key": sha("web_shop"), "ordered_at": at(2, 9),
        "ordered_on": date(2026, 1, 2), "status": "placed", "tender": None, "is_cancelled": False,
        "is_return": False, "is_purchase": True, "line_count": 1, "item_quantity": 2,
        "lines_amount": Decimal("20.00"), "returned_amount": ZERO,
        "shipping_amount": Decimal("4.90"), "total_amount": Decimal("24.90"),
        "unexplained_amount": ZERO, "revenue_amount": Decimal("20.00"), "purchase_number": 1,
    }  # fmt: skip
    expected = [
        receipt | {
            "order_key": sha("pos|R1"), "order_id": "R1", "customer_id": ADA,
            "matched_by": "loyalty_card", "ordered_at": at(3, 0, 30),
            "ordered_on": date(2026, 1, 3), "line_count": 2, "item_quantity": 3,
            "lines_amount": Decimal("31.00"), "total_amount": Decimal("31.00"),
            "revenue_amount": Decimal("31.00"), "purchase_number": 2,
        },
        receipt | {
            "order_key": sha("pos|R2"), "order_id": "R2", "customer_id": ADA,
            "matched_by": "loyalty_card", "ordered_at": at(5, 10), "ordered_on": date(2026, 1, 5),
            "is_return": True, "is_purchase": False, "item_quantity": -1,
            "lines_amount": Decimal("-10.50"), "returned_amount": Decimal("-10.50"),
            "total_amount": Decimal("-10.50"), "revenue_amount": Decimal("-10.50"),
        },
        receipt | {
            "order_key": sha("pos|R3"), "order_id": "R3", "customer_id": BOB, "matched_by": "email",
            "ordered_at": at(6, 10), "ordered_on": date(2026, 1, 6), "item_quantity": 1,
            "lines_amount": Decimal("4.50"), "total_amount": Decimal("5.00"),
            "unexplained_amount": Decimal("0.50"), "revenue_amount": Decimal("5.00"),
            "purchase_number": 1,
        },
        receipt | {
            "order_key": sha("pos|R4"), "order_id": "R4", "customer_id": None, "matched_by": None,
            "store_key": sha("unknown"), "ordered_at": at(7, 10), "ordered_on": date(2026, 1, 7),
            "item_quantity": 1, "lines_amount": Decimal("7.77"), "total_amount": Decimal("7.77"),
            "revenue_amount": Decimal("7.77"),
        },
        order,
        order | {
            "order_key": sha("ecommerce|O2"), "order_id": "O2", "ordered_at": at(3, 9),
            "ordered_on": date(2026, 1, 3), "status": "cancelled", "is_cancelled": True,
            "is_purchase": False, "revenue_amount": ZERO, "purchase_number": None,
        },
    ]  # fmt: skip
    assert by(built.rows("fct_orders"), "order_id") == by(expected, "order_id")


def by(rows: list[dict[str, Any]], *columns: str) -> dict[Any, dict[str, Any]]:
    """Rows by their key; a key that comes twice fails."""
    keyed = {tuple(row[c] for c in columns): row for row in rows}
    assert len(keyed) == len(rows)
    return keyed


def test_fct_order_lines_joins_products_and_leaves_out_lines_without_a_receipt(built: Gold) -> None:
    columns = (
        "order_key",
        "line_number",
        "product_key",
        "sku",
        "revenue_amount",
        "cost_amount",
        "is_return",
    )
    soap, pan = sha("sku|P1"), sha("sku|P2")
    expected = [
        (sha("pos|R1"), 1, soap, "P1", Decimal("21.00"), Decimal("8.51"), False),
        (sha("pos|R1"), 2, pan, "P2", Decimal("10.00"), None, False),
        (sha("pos|R2"), 1, soap, "P1", Decimal("-10.50"), Decimal("-4.26"), True),
        (sha("pos|R3"), 1, soap, "P1", Decimal("4.50"), Decimal("4.26"), False),
        (sha("pos|R4"), 1, sha("unknown"), "P9", Decimal("7.77"), None, False),
        (sha("ecommerce|O1"), 1, soap, "P1", Decimal("20.00"), Decimal("8.51"), False),
        (sha("ecommerce|O2"), 1, soap, "P1", ZERO, Decimal("8.51"), False),
    ]
    rows = [dict(zip(columns, values, strict=True)) for values in expected]
    key = ("order_key", "line_number")
    assert by(built.rows("fct_order_lines", *columns), *key) == by(rows, *key)


CYD_ROW: dict[str, Any] = {
    "customer_id": CYD, "title": None, "first_name": None, "last_name": None, "email": None,
    "phone": None, "street": "Lane 2", "city": None, "postal_code": None, "country": None,
    "date_of_birth": None, "age_years": None, "loyalty_card_number": None,
    "household_id": "H3", "household_member_count": 1, "has_account": False, "has_contact": True,
    "has_loyalty_card": False, "has_social_profile": False,
    "is_deleted": False, "source_count": 1, "record_count": 1,
    "first_seen_on": None, "last_seen_on": None, "segment": "never_bought",
    "recency_days": None, "recency_score": None, "frequency_score": None, "monetary_score": None,
    "rfm_score": None, "order_count": 0, "store_order_count": 0,
    "web_order_count": 0, "return_count": 0, "cancelled_order_count": 0, "item_quantity": 0,
    "lifetime_spend_amount": ZERO, "store_spend_amount": ZERO, "web_spend_amount": ZERO,
    "returned_amount": ZERO, "average_order_amount": None, "store_average_order_amount": None,
    "web_average_order_amount": None, "first_ordered_at": None, "last_ordered_at": None,
    "last_store_ordered_at": None, "last_web_ordered_at": None, "buying_channel": "none",
    "top_department": None, "top_department_share": None, "top_category": None,
    "top_category_share": None, "session_count": 0, "page_view_count": 0, "product_view_count": 0,
    "cart_add_count": 0, "abandoned_cart_count": 0, "last_session_at": None, "ticket_count": 0,
    "open_ticket_count": 0, "average_csat_score": None, "last_ticket_at": None,
    "social_interaction_count": 0, "review_count": 0, "last_social_interaction_at": None,
    "campaign_sent_count": 0, "campaign_opened_count": 0, "campaign_clicked_count": 0,
    "unsubscribe_count": 0, "has_unsubscribed": False, "last_campaign_sent_at": None,
    "last_campaign_clicked_at": None, "email_consent": None, "sms_consent": None,
    "phone_consent": None, "post_consent": "granted", "is_email_allowed": False,
    "is_sms_allowed": False, "is_phone_allowed": False, "is_post_allowed": True,
    "as_of_date": AS_OF,
}  # fmt: skip
BOB_ROW = CYD_ROW | {
    "customer_id": BOB, "household_id": "H1", "household_member_count": 2,
    "email": "bob@example.com", "street": None, "has_contact": False,
    "source_count": 3, "record_count": 3, "segment": "new", "recency_days": 14, "recency_score": 5,
    "frequency_score": 1, "monetary_score": 1, "rfm_score": "511", "order_count": 1,
    "store_order_count": 1, "item_quantity": 1, "lifetime_spend_amount": Decimal("5.00"),
    "store_spend_amount": Decimal("5.00"), "average_order_amount": Decimal("5.00"),
    "store_average_order_amount": Decimal("5.00"), "first_ordered_at": at(6, 10),
    "last_ordered_at": at(6, 10), "last_store_ordered_at": at(6, 10), "buying_channel": "store",
    "top_department": "Care", "top_department_share": Decimal("1.0000"), "top_category": "Bath",
    "top_category_share": Decimal("1.0000"), "post_consent": None, "is_post_allowed": False,
}  # fmt: skip
ADA_ROW = CYD_ROW | {
    "customer_id": ADA, "household_id": "H1", "household_member_count": 2,
    "title": "Dr", "first_name": "Ada", "last_name": "Byron",
    "email": "ada@example.com", "phone": "+4930123456", "street": "Road 1", "city": "Town",
    "postal_code": "10115", "country": "DE", "date_of_birth": date(1990, 1, 21), "age_years": 35,
    "loyalty_card_number": "L1", "has_account": True, "has_loyalty_card": True,
    "has_social_profile": True, "source_count": 6, "record_count": 10, "first_seen_on": DAY,
    "last_seen_on": DAY, "segment": "new", "recency_days": 17, "recency_score": 1,
    "frequency_score": 5, "monetary_score": 5, "rfm_score": "155", "order_count": 2,
    "store_order_count": 1, "web_order_count": 1, "return_count": 1, "cancelled_order_count": 1,
    "item_quantity": 4, "lifetime_spend_amount": Decimal("40.50"),
    "store_spend_amount": Decimal("20.50"), "web_spend_amount": Decimal("20.00"),
    "returned_amount": Decimal("-10.50"), "average_order_amount": Decimal("25.50"),
    "store_average_order_amount": Decimal("31.00"), "web_average_order_amount": Decimal("20.00"),
    "first_ordered_at": at(2, 9), "last_ordered_at": at(3, 0, 30),
    "last_store_ordered_at": at(3, 0, 30), "last_web_ordered_at": at(2, 9),
    "buying_channel": "both",
    "top_department": "Care", "top_department_share": Decimal("0.7531"), "top_category": "Bath",
    "top_category_share": Decimal("0.7531"), "session_count": 1, "page_view_count": 1,
    "cart_add_count": 1, "abandoned_cart_count": 1, "last_session_at": at(2, 9), "ticket_count": 2,
    "open_ticket_count": 1, "average_csat_score": Decimal("4.50"), "last_ticket_at": at(2, 8),
    "social_interaction_count": 1, "review_count": 1, "last_social_interaction_at": at(2, 9),
    "campaign_sent_count": 1, "campaign_opened_count": 1, "last_campaign_sent_at": at(2, 8),
    "email_consent": "granted", "phone_consent": "denied", "post_consent": None,
    "is_email_allowed": True, "is_post_allowed": False,
}  # fmt: skip


@pytest.mark.parametrize("expected", [ADA_ROW, BOB_ROW, CYD_ROW], ids=["ada", "bob", "cyd"])
def test_customer_360_has_one_row_per_customer(built: Gold, expected: dict[str, Any]) -> None:
    rows = by(built.rows("customer_360"), "customer_id")
    assert set(rows) == {(ADA,), (BOB,), (CYD,)}
    assert rows[expected["customer_id"],] == expected


def test_dim_customers_tells_source_and_time_of_each_attribute(built: Gold) -> None:
    rows = by(built.rows("dim_customers"), "customer_id")
    assert rows[ADA,]["address_source"] == "ecommerce__accounts"
    assert rows[ADA,]["address_claimed_at"] == at(4, 9)
    assert {c: (r["household_id"], r["household_member_count"]) for (c,), r in rows.items()} == {
        h["customer_id"]: (h["household_id"], h["member_count"]) for h in HOUSEHOLDS
    }


def test_fct_interactions_has_social_service_and_campaigns(built: Gold) -> None:
    columns = (
        "source",
        "interaction_type",
        "channel",
        "source_id",
        "customer_id",
        "campaign_id",
        "occurred_at",
    )
    rows = [tuple(row.values()) for row in built.rows("fct_interactions", *columns)]
    assert sorted(rows, key=str) == [
        ("marketing", "campaign_opened", "email", "D1", ADA, "M1", at(2, 9)),
        ("marketing", "campaign_sent", "email", "D1", ADA, "M1", at(2, 8)),
        ("service", "ticket_opened", None, "T1", ADA, None, at(2, 8)),
        ("service", "ticket_opened", None, "T2", ADA, None, at(2, 8)),
        ("social", "comment", "chirp", "I2", None, None, at(2, 9)),
        ("social", "review", "chirp", "I1", ADA, None, at(2, 9)),
    ]


def test_campaign_performance_counts_the_window_after_the_campaign(built: Gold) -> None:
    columns = (
        "assigned_group",
        "people_count",
        "buyer_count",
        "revenue_amount",
        "conversion_rate_difference",
    )
    rows = [tuple(row.values()) for row in built.rows("campaign_performance", *columns)]
    assert rows == [
        ("control", 1, 1, Decimal("5.00"), None),
        ("treatment", 1, 1, Decimal("40.50"), Decimal("0.0000")),
    ]


def test_dim_dates_covers_the_year(built: Gold) -> None:
    days = built.rows("dim_dates")
    assert len(days) == 365
    assert by(days, "date_day")[(date(2026, 1, 4),)] == {
        "date_day": date(2026, 1, 4), "calendar_year": 2026, "calendar_quarter": 1,
        "calendar_month": 1, "month_name": "January", "month_start_on": date(2026, 1, 1),
        "iso_week": 1, "week_start_on": date(2025, 12, 29), "day_of_month": 4, "day_of_week": 7,
        "day_name": "Sunday", "is_weekend": True, "is_past": True,
    }  # fmt: skip


def test_every_gold_table_can_be_read_by_every_reader(built: Gold) -> None:
    lake = built.engine.lake
    found = {k.table: reader_problems(lake.delta(k)) for k in lake.tables() if k.layer == GOLD}
    assert len(found) == 32
    assert {table: problems for table, problems in found.items() if problems} == {}


def test_every_text_fits_into_its_column_of_synapse(built: Gold, manifest: dict[str, Any]) -> None:
    too_long = []
    for table in read_gold(manifest):
        rows = built.engine.lake.arrow(table.key)
        for column in table.columns:
            if column.data_type == "string":
                longest = pc.max(pc.binary_length(rows[column.name])).as_py() or 0
                if longest > text_bytes(column):
                    too_long.append(f"{table.key.sql}.{column.name}: {longest}")
    assert too_long == []


def test_everything_in_silver_is_in_gold_or_left_out_for_a_reason(built: Gold) -> None:
    balances = {(b.hop, b.entity): b for b in reconcile(built.engine)}
    gold_hops = {entity: b for (hop, entity), b in balances.items() if hop == SILVER_TO_GOLD}
    assert all(balance.is_closed for balance in gold_hops.values())
    lines = gold_hops["pos__receipt_lines"]
    assert (lines.records, lines.amounts[2]) == ((6, 5, 1), Decimal("1000.00"))
    assert balances[WITHIN_GOLD, "revenue"].is_closed


def test_a_row_that_gold_loses_or_doubles_is_named(built: Gold) -> None:
    orders = DeltaTable(built.engine.lake.table_url(TableKey(GOLD, "fct_orders")))
    before = orders.version()
    try:
        orders.delete("order_id = 'R2'")
        told = [str(b) for b in reconcile(built.engine) if not b.is_closed]
        assert "pos__receipts, silver to gold: 1 records and -10.50 of money missing" in told
        assert "revenue, within gold: 0 records and 10.50 of money missing" in told
    finally:
        orders.restore(before)
