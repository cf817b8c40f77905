"""Frames of the Complete Journey mapped to records of our entities, one frame of text per entity.

The reasons of the mapping, and the files, are in `customer360.landing.complete_journey`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

import polars as pl

from customer360.errors import LandingError
from customer360.sources.catalog import PRODUCTS, STORES
from customer360.sources.crm import CONTACTS
from customer360.sources.marketing import CAMPAIGNS, DELIVERIES
from customer360.sources.pos import RECEIPT_LINES, RECEIPTS

FRAMES: Final = ("transactions", "products", "campaigns", "campaign_descriptions")
_AMOUNTS: Final = ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")
# The noise of a float amount times 100 is about 1e-11; anything near this is not whole cents.
_NOISE: Final = 1e-6


def map_tables(frames: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Map the published frames to our entities.

    Args:
        frames: Those of `FRAMES`, with the published columns.

    Returns:
        By entity: its fields that have a counterpart, as text, and `day`, the landing day. The
        receipt lines also keep the published columns, amounts in cents.

    Raises:
        LandingError: There are no purchases, an amount is not whole cents, or a basket has several
            stores or households.
    """
    lines = _lines(frames["transactions"])
    receipts = _receipts(lines)
    first_day = receipts["day"].min()
    if not isinstance(first_day, date):
        raise LandingError("Found no purchases to land; expected at least one transaction.")
    return {
        RECEIPTS.name: receipts,
        RECEIPT_LINES.name: lines,
        DELIVERIES.name: _deliveries(frames, first_day),
        **_reference(frames, lines, first_day),
    }


def _lines(transactions: pl.DataFrame) -> pl.DataFrame:
    """One row per line in the data's order; `_AMOUNTS` in cents."""
    for name in _AMOUNTS:
        off = (pl.col(name) * 100 - (pl.col(name) * 100).round()).abs()
        if not transactions.select((off < _NOISE).fill_null(False).all()).item():
            raise LandingError(f"Column {name}: found an amount that is not whole cents.")
    cents = transactions.with_columns((pl.col(n) * 100).round().cast(pl.Int64) for n in _AMOUNTS)
    basket = pl.col("basket_id")
    return cents.with_columns(
        receipt_id=basket.cast(pl.String),
        line_number=pl.int_range(1, pl.len() + 1).over(basket).cast(pl.String),
        sku=pl.col("product_id").cast(pl.String),
        quantity=pl.col("quantity").cast(pl.String),
        discount_amount=_amount_text(pl.sum_horizontal(_AMOUNTS[1:])),
        line_amount=_amount_text(pl.col("sales_value")),
        first_at=pl.col("transaction_timestamp").min().over(basket),
    ).with_columns(day=pl.col("first_at").dt.date())


def _receipts(lines: pl.DataFrame) -> pl.DataFrame:
    """One row per basket, in the order of their first lines."""
    receipts = lines.group_by("receipt_id", maintain_order=True).agg(
        pl.first("store_id", "household_id", "first_at", "day"),
        parties=pl.struct("store_id", "household_id").n_unique(),
        cents=pl.sum("sales_value"),
    )
    mixed = receipts.filter(pl.col("parties") > 1)["receipt_id"].to_list()
    if mixed:
        raise LandingError(
            f"Found baskets of several stores or households, as {', '.join(mixed[:3])}: expected "
            "one of each. Nothing was landed."
        )
    return receipts.with_columns(
        pl.col("store_id").cast(pl.String),
        sold_at=pl.col("first_at").dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        loyalty_card_number=_card(pl.col("household_id")),
        total_amount=_amount_text(pl.col("cents")),
    )


def _reference(
    frames: Mapping[str, pl.DataFrame], lines: pl.DataFrame, first_day: date
) -> dict[str, pl.DataFrame]:
    """What has no history, by entity; all of the first day."""
    members = frames["campaigns"]["household_id"]
    households = pl.concat([lines["household_id"], members]).unique().sort().to_frame()
    tables = {
        CONTACTS.name: households.select(
            contact_id=pl.col("household_id").cast(pl.String),
            op=pl.lit("I"),
            loyalty_card_number=_card(pl.col("household_id")),
        ),
        PRODUCTS.name: frames["products"].select(
            "department",
            "brand",
            sku=pl.col("product_id").cast(pl.String),
            name=pl.col("product_type"),
            category=pl.col("product_category"),
        ),
        STORES.name: lines.select(pl.col("store_id").unique().sort().cast(pl.String)),
        CAMPAIGNS.name: frames["campaign_descriptions"].select(
            pl.col("campaign_id").cast(pl.String),
            started_on=pl.col("start_date").dt.date().cast(pl.String),
            ended_on=pl.col("end_date").dt.date().cast(pl.String),
        ),
    }
    return {
        name: table.with_columns(day=pl.lit(first_day), updated_at=_midnight(pl.lit(first_day)))
        for name, table in tables.items()
    }


def _deliveries(frames: Mapping[str, pl.DataFrame], first_day: date) -> pl.DataFrame:
    """One row per campaign and household, of the campaign's first day if it is not too early."""
    started = frames["campaign_descriptions"].select(
        "campaign_id", day=pl.col("start_date").dt.date()
    )
    members = frames["campaigns"].join(started, on="campaign_id", how="left", maintain_order="left")
    day = pl.max_horizontal(pl.col("day"), pl.lit(first_day))
    campaign, household = (pl.col(n).cast(pl.String) for n in ("campaign_id", "household_id"))
    return members.select(
        campaign,
        delivery_id=pl.concat_str(campaign, household, separator="-"),
        group=pl.lit("treatment"),
        contact_id=household,
        day=day,
        updated_at=_midnight(day),
    )


def _midnight(day: pl.Expr) -> pl.Expr:
    return day.cast(pl.String) + "T00:00:00Z"


def _card(household: pl.Expr) -> pl.Expr:
    return "CJ-" + household.cast(pl.String).str.zfill(6)


def _amount_text(cents: pl.Expr) -> pl.Expr:
    sign = pl.when(cents < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    whole, rest = (cents.abs() // 100).cast(pl.String), (cents.abs() % 100).cast(pl.String)
    return pl.concat_str(sign, whole, pl.lit("."), rest.str.zfill(2))
