"""What the tills of the stores record: receipts, their lines, and returns over the counter.

Here: ``pos/receipts`` and ``pos/receipt_lines``. Not here: who buys (``demand``).
"""

from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from customer360.landing.simulate.block import Block
from customer360.landing.simulate.demand import Baskets, buyers, fill_baskets
from customer360.landing.simulate.formats import RECEIPT_LINES, RECEIPTS
from customer360.landing.simulate.identifiers import written_emails
from customer360.landing.simulate.places import COUNTRIES
from customer360.landing.simulate.streams import SECONDS_A_DAY, Ints, hex_ids, money_text

TENDERS = ("card", "cash", "mobile", None)
RETURN_SHARE = 0.045


@dataclass(frozen=True)
class _Visit:
    """Receipts of some buyers, one entry each, and the lines on them."""

    who: Ints
    store: Ints
    number: Ints
    sold_at: Ints
    baskets: Baskets


def ring_up(block: Block, day: int) -> None:
    """Put the receipts of the week from ``day``, and the returns they lead to, into the outbox."""
    who, days = buyers(block, day, "store")
    if not len(who):
        return
    rng = block.rng(day, "tills")
    baskets = fill_baskets(block, rng, who, days)
    elsewhere = rng.integers(0, block.assortment.stores.height, len(who))
    store = np.where(rng.random(len(who)) < 0.85, block.ints("home_store")[who], elsewhere)
    number = block.serials(day, len(who))
    sold_at = block.midnight(days) + _opening_seconds(rng, len(who))
    sales = _Visit(who, store, number, sold_at, baskets)
    _hand_over(block, rng, _together(sales, _taken_back(rng, sales)))


def _opening_seconds(rng: np.random.Generator, count: int) -> Ints:
    # Between 7:30 and 19:00 UTC, most in the afternoon: inside opening hours in every time zone.
    return (27_000 + rng.beta(2.6, 1.9, count) * 41_400).astype(np.int64)


def _taken_back(rng: np.random.Generator, sales: _Visit) -> _Visit:
    baskets = sales.baskets
    back = rng.random(len(baskets.basket)) < RETURN_SHARE
    returned, position = np.unique(baskets.basket[back], return_inverse=True)
    starts = np.searchsorted(position, np.arange(len(returned)))
    negative = Baskets(
        position,
        np.arange(len(position)) - starts[position] + 1,
        baskets.product[back],
        -baskets.quantity[back],
        baskets.price[back],
        -baskets.discount[back],
        -baskets.amount[back],
    )
    days = 1 + np.minimum(rng.exponential(7, len(returned)).astype(np.int64), 27)
    midnight = sales.sold_at[returned] // SECONDS_A_DAY * SECONDS_A_DAY
    at = midnight + days * SECONDS_A_DAY + _opening_seconds(rng, len(returned))
    # Serials of a week stay far below 2**31: the upper half is for returns.
    number = sales.number[returned] + 2**31
    return _Visit(sales.who[returned], sales.store[returned], number, at, negative)


def _together(first: _Visit, second: _Visit) -> _Visit:
    one, other = first.baskets, second.baskets
    lines = {
        name: np.concatenate((getattr(one, name), getattr(other, name)))
        for name in Baskets.__dataclass_fields__
    }
    lines["basket"][len(one.basket) :] += len(first.who)
    return _Visit(
        np.concatenate((first.who, second.who)),
        np.concatenate((first.store, second.store)),
        np.concatenate((first.number, second.number)),
        np.concatenate((first.sold_at, second.sold_at)),
        Baskets(**lines),
    )


def _hand_over(block: Block, rng: np.random.Generator, visit: _Visit) -> None:
    who, store, sold_at = visit.who, visit.store, visit.sold_at
    receipt_id = hex_ids("R-", visit.number, f"{block.world.seed} receipt")
    land = block.landing_days(sold_at)
    business = pl.Series(sold_at // SECONDS_A_DAY)
    totals = visit.baskets.totals(len(who))
    receipts = pl.DataFrame(
        {
            "receipt_id": receipt_id,
            "store_id": block.assortment.stores["store_id"][store],
            "till_id": "T" + pl.Series(rng.integers(1, 6, len(who))).cast(pl.String),
            "sold_at": _local_text(block, store, sold_at),
            **_traces(block, rng, who, land),
            "currency": pl.Series(["EUR", None]).gather((rng.random(len(who)) < 0.03) * 1),
            "total_amount": totals,
            "tender": pl.Series(TENDERS).gather(rng.choice(4, len(who), p=[0.55, 0.3, 0.1, 0.05])),
            "_key": receipt_id,
            "_person": who,
            "_version_ms": sold_at * 1000,
            "_business_day": business,
            "_amount": totals,
        }
    )
    receipts = receipts.with_columns(money_text(pl.col("total_amount")))
    block.outbox.add(RECEIPTS.folder, receipts, land)
    lines = _line_records(block, receipt_id, who, business, visit.baskets)
    block.outbox.add(RECEIPT_LINES.folder, lines, land[visit.baskets.basket])


def _traces(block: Block, rng: np.random.Generator, who: Ints, land: Ints) -> dict[str, pl.Series]:
    owners = block.habits[who].select(
        "card", "second_card", "borrowed_card", "payment_token", "shows_card", "second_card_day"
    )
    frame = owners.with_columns(
        email=written_emails(rng, block.people.frame["email"][who]),
        roll=pl.Series(rng.random(len(who))),
        pays=pl.Series(rng.random(len(who)) < 0.45),
        asks=pl.Series(rng.random(len(who)) < 0.07),
        land=pl.Series(land),
    )
    own = pl.when(pl.col("land") >= pl.col("second_card_day")).then("second_card")
    shown = pl.coalesce(own, "card", "borrowed_card")
    columns = frame.select(
        loyalty_card_number=pl.when(pl.col("roll") < pl.col("shows_card")).then(shown),
        payment_card_token=pl.when("pays").then("payment_token"),
        receipt_email=pl.when("asks").then("email"),
    )
    return {name: columns[name] for name in columns.columns}


def _local_text(block: Block, store: Ints, sold_at: Ints) -> pl.Series:
    land = block.landing_days(sold_at)
    offset = np.zeros(len(store), dtype=np.int64)
    for day in np.unique(land):
        noon = datetime.combine(block.world.on(int(day)), time(12))
        shifts = [noon.replace(tzinfo=ZoneInfo(country.zone)).utcoffset() for country in COUNTRIES]
        hours = np.array([round(s.total_seconds() / 3600) if s else 0 for s in shifts])
        offset = np.where(land == day, hours[block.assortment.store_country[store]], offset)
    local = pl.from_epoch(pl.Series(sold_at + offset * 3600), time_unit="s")
    zone = "+0" + pl.Series(offset).cast(pl.String) + ":00"
    return local.dt.strftime("%Y-%m-%dT%H:%M:%S") + zone


def _line_records(
    block: Block, receipt_id: pl.Series, who: Ints, business: pl.Series, baskets: Baskets
) -> pl.DataFrame:
    owner = receipt_id[baskets.basket]
    line = pl.Series(baskets.line).cast(pl.String)
    return pl.DataFrame(
        {
            "receipt_id": owner,
            "line_number": line,
            "sku": block.assortment.products["sku"][baskets.product],
            "quantity": baskets.quantity,
            "unit_price": baskets.price,
            "discount_amount": baskets.discount,
            "line_amount": baskets.amount,
            "_key": owner + "|" + line,
            "_person": who[baskets.basket],
            "_version_ms": pl.repeat(None, len(owner), dtype=pl.Int64, eager=True),
            "_business_day": business[baskets.basket],
            "_amount": baskets.amount,
        }
    ).with_columns(
        money_text(pl.col("unit_price")),
        money_text(pl.col("line_amount")),
        discount_amount=pl.when(pl.col("discount_amount") != 0).then(
            money_text(pl.col("discount_amount"))
        ),
    )
