"""Orders in the web shop: every status of each, as one full record per change.

Here: ``ecommerce/orders`` from placing to delivery, cancellation or return. Not here: who buys
(``demand``), the clicks before (``browsing``).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from customer360.landing.simulate.accounts import accounts_in_use
from customer360.landing.simulate.block import Block
from customer360.landing.simulate.demand import Baskets, buyers, fill_baskets
from customer360.landing.simulate.devices import cookies
from customer360.landing.simulate.formats import ORDERS
from customer360.landing.simulate.identifiers import written_emails
from customer360.landing.simulate.people import as_of
from customer360.landing.simulate.streams import (
    Flags,
    Ints,
    hex_ids,
    money_text,
    utc_text,
)

SHIPPING_CENTS = 499
FREE_SHIPPING_FROM = 6000
CANCEL_SHARE = 0.045
RETURN_SHARE = 0.1


@dataclass(frozen=True)
class WebPurchases:
    """The orders of a week as the shop's web pages see them, one entry per order."""

    who: Ints
    days: Ints
    ordered_at: Ints
    anonymous_id: pl.Series
    account_id: pl.Series
    product: Ints


@dataclass(frozen=True)
class _Purchase:
    who: Ints
    at: Ints
    base: pl.DataFrame
    lines: pl.Series
    lines_cents: Ints
    shipping_cents: Ints


def take_orders(block: Block, day: int) -> WebPurchases | None:
    """Put every version of the orders of the week from ``day`` into the outbox, None if none."""
    who, days = buyers(block, day, "web")
    if not len(who):
        return None
    rng = block.rng(day, "orders")
    baskets = fill_baskets(block, rng, who, days)
    # Most orders are placed in the evening.
    at = block.midnight(days) + (rng.beta(3.2, 1.7, len(who)) * 86_000).astype(np.int64)
    lines_cents = baskets.totals(len(who))
    shipping = np.where(lines_cents < FREE_SHIPPING_FROM, SHIPPING_CENTS, 0)
    serials = block.serials(day, len(who))
    base = _base_records(block, rng, who, days, at, serials)
    lines = _nested(_line_frame(block, baskets))
    purchase = _Purchase(who, at, base, lines, lines_cents, shipping)
    _follow(block, rng, purchase, baskets)
    first = np.searchsorted(baskets.basket, np.arange(len(who)))
    product = baskets.product[first]
    return WebPurchases(who, days, at, base["anonymous_id"], base["account_id"], product)


def _base_records(
    block: Block, rng: np.random.Generator, who: Ints, days: Ints, at: Ints, serials: Ints
) -> pl.DataFrame:
    count = len(who)
    order_id = hex_ids("O-", serials, f"{block.world.seed} order")
    known = as_of(block.people, who, days)
    signed_in = pl.Series(rng.random(count) < 0.93)
    frame = known.with_columns(
        order_id=order_id,
        ordered_at=utc_text(at),
        account_id=accounts_in_use(block, who, days),
        signed_in=signed_in,
        anonymous_id=cookies(block, rng, who, days),
        account_email=block.spelled["email"][who],
        typed_email=written_emails(rng, block.people.frame["email"][who]),
        work_email=block.people.frame["work_email"][who],
        phone=block.spelled["phone"][who],
        latin=block.habits["writes_latin"][who],
        roll=pl.Series(rng.random(count)),
        mail_roll=pl.Series(rng.random(count)),
        person=pl.Series(who),
        business_day=pl.Series(block.world.start_day + days),
    ).with_columns(account_id=pl.when("signed_in").then("account_id"))
    name = pl.when("latin").then(pl.concat_str("first_latin", pl.lit(" "), "last_latin"))
    guest = pl.col("account_id").is_null()
    at_work = pl.when(pl.col("mail_roll") < 0.12).then("work_email").otherwise("typed_email")
    known_email = pl.when(pl.col("mail_roll") < 0.9).then("account_email")
    return frame.select(
        "order_id",
        "account_id",
        email=pl.when(guest).then(at_work).otherwise(known_email),
        phone=pl.when(pl.col("roll") < 0.6).then("phone"),
        shipping_name=name.otherwise(pl.concat_str("first_native", pl.lit(" "), "last_native")),
        shipping_address=pl.struct("street", "city", "postal_code", "country"),
        ordered_at="ordered_at",
        currency=pl.when(pl.col("mail_roll") < 0.97).then(pl.lit("EUR")),
        anonymous_id=pl.when(pl.col("roll") < 0.75).then("anonymous_id"),
        _key="order_id",
        _person="person",
        _business_day="business_day",
    )


def _line_frame(block: Block, baskets: Baskets) -> pl.DataFrame:
    frame = baskets.frame()
    return frame.with_columns(
        sku=block.assortment.products["sku"][baskets.product],
        returned=pl.lit(0, dtype=pl.Int64),
    )


def _nested(lines: pl.DataFrame) -> pl.Series:
    line = pl.struct(
        line_number=pl.col("line"),
        sku=pl.col("sku"),
        quantity=pl.col("quantity"),
        returned_quantity=pl.col("returned"),
        unit_price=money_text(pl.col("price")),
        discount_amount=money_text(pl.col("discount")),
        line_amount=money_text(pl.col("amount")),
    )
    rows = lines.select("basket", line=line)
    return rows.group_by("basket", maintain_order=True).agg("line")["line"]


def _follow(block: Block, rng: np.random.Generator, purchase: _Purchase, baskets: Baskets) -> None:
    count = len(purchase.who)
    everything = np.arange(count)
    cancelled = rng.random(count) < CANCEL_SHARE
    returned = ~cancelled & (rng.random(count) < RETURN_SHARE)
    pays_later = rng.random(count) < 0.65
    paid = purchase.at + rng.integers(120, 15_000, count)
    stopped = paid + rng.integers(600, 100_000, count)
    shipped = paid + rng.integers(20_000, 260_000, count)
    delivered = shipped + rng.integers(60_000, 330_000, count)
    back = delivered + rng.integers(100_000, 1_200_000, count)
    stages = (
        ("placed", pays_later, purchase.at),
        ("paid", ~pays_later, purchase.at),
        ("paid", pays_later, paid),
        ("cancelled", cancelled, stopped),
        ("shipped", ~cancelled, shipped),
        ("delivered", ~cancelled, delivered),
    )
    orders = np.concatenate([everything[mask] for _, mask, _ in stages])
    at = np.concatenate([moments[mask] for _, mask, moments in stages])
    number = np.repeat(np.arange(len(stages)), [int(mask.sum()) for _, mask, _ in stages])
    status = pl.Series([name for name, _, _ in stages]).gather(number)
    _land(block, purchase, orders, status, at)
    _land_returns(block, rng, purchase, baskets, returned, back)


def _land_returns(
    block: Block,
    rng: np.random.Generator,
    purchase: _Purchase,
    baskets: Baskets,
    returned: Flags,
    at: Ints,
) -> None:
    orders = np.flatnonzero(returned)
    if not len(orders):
        return
    whole = rng.random(len(returned)) < 0.4
    goes_back = (
        whole[baskets.basket] | (rng.random(len(baskets.basket)) < 0.4) | (baskets.line == 1)
    )
    lines = _line_frame(block, baskets).with_columns(
        back=pl.Series(goes_back & returned[baskets.basket]),
        kept=pl.Series(returned[baskets.basket]),
    ).filter("kept")  # fmt: skip
    last = pl.col("line").max().over("basket")
    taken = lines.with_columns(line=last + pl.col("back").cum_sum().over("basket")).filter("back")
    negative = taken.with_columns(-pl.col("quantity", "discount", "amount"))
    sold = lines.with_columns(returned=pl.when("back").then("quantity").otherwise(0))
    after = pl.concat([sold, negative]).sort("basket", "line", maintain_order=True)
    sums = after.group_by("basket", maintain_order=True).agg(
        pl.col("amount").sum(), all_back=pl.col("back").sum() == 2 * (pl.col("amount") > 0).sum()
    )
    cents = purchase.lines_cents.copy()
    cents[orders] = sums["amount"].to_numpy()
    nested = _nested(after)
    status = pl.Series(["partially_returned", "returned"]).gather(sums["all_back"].to_numpy() * 1)
    changed = _Purchase(
        purchase.who[orders], at[orders], purchase.base[orders], nested,
        cents[orders], purchase.shipping_cents[orders],
    )  # fmt: skip
    _land(block, changed, np.arange(len(orders)), status, at[orders])


def _land(block: Block, purchase: _Purchase, orders: Ints, status: pl.Series, at: Ints) -> None:
    if not len(orders):
        return
    lines_cents = purchase.lines_cents[orders]
    shipping = purchase.shipping_cents[orders]
    records = purchase.base[orders].with_columns(
        updated_at=utc_text(at),
        status=status,
        lines=purchase.lines[orders],
        shipping_amount=pl.Series(shipping),
        total_amount=pl.Series(lines_cents + shipping),
        _version_ms=pl.Series(at * 1000),
        _amount=pl.Series(lines_cents + shipping),
        _lines_amount=pl.Series(lines_cents),
        _cancelled=status == "cancelled",
    )
    records = records.with_columns(
        money_text(pl.col("shipping_amount")), money_text(pl.col("total_amount"))
    )
    block.outbox.add(ORDERS.folder, records, block.landing_days(at))
