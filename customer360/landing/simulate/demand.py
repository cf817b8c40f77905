"""Who buys on a day, and what is in the basket.

Here: purchase rates over season, weekday and campaigns; tastes; baskets. Not here: where and how
the purchase is recorded (``tills``, ``orders``).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from customer360.landing.simulate.assortment import PRODUCTS_A_DEPARTMENT
from customer360.landing.simulate.block import WEEK_DAYS, Block
from customer360.landing.simulate.streams import Floats, Ints

STORE_WEEK = (0.85, 0.85, 0.9, 1.0, 1.25, 1.75, 0.4)
WEB_WEEK = (1.1, 1.0, 0.95, 0.95, 0.85, 0.9, 1.25)
SEASON = (0.92, 0.85, 0.95, 1.0, 1.0, 0.98, 0.92, 0.88, 1.0, 1.05, 1.2, 1.45)


@dataclass(frozen=True)
class Baskets:
    """Lines of baskets: ``basket`` is the basket's number, lines of a basket lie together.

    Amounts are cents; ``amount`` is quantity times price less discount.
    """

    basket: Ints
    line: Ints
    product: Ints
    quantity: Ints
    price: Ints
    discount: Ints
    amount: Ints

    def totals(self, count: int) -> Ints:
        """Return the sum of line amounts of each of ``count`` baskets."""
        sums = np.bincount(self.basket, weights=self.amount, minlength=count)
        return np.rint(sums).astype(np.int64)

    def frame(self) -> pl.DataFrame:
        """Return the lines as a table with the fields as columns."""
        return pl.DataFrame({name: getattr(self, name) for name in self.__dataclass_fields__})


def buyers(block: Block, first_day: int, channel: str) -> tuple[Ints, Ints]:
    """Return who buys in ``channel`` (``store`` or ``web``) in a week, and on which day.

    Both have one entry per purchase, in the order of the days.
    """
    rng = block.rng(first_day, f"{channel} buyers")
    week = STORE_WEEK if channel == "store" else WEB_WEEK
    base = block.habits[f"{channel}_rate"].to_numpy()
    bought = []
    for day in range(first_day, first_day + WEEK_DAYS):
        today = block.world.on(day)
        rate = base * block.active(day) * lift(block, day)
        rate = rate * (week[today.weekday()] * SEASON[today.month - 1])
        bought.append(np.repeat(np.arange(len(base)), rng.poisson(rate)))
    days = np.repeat(np.arange(first_day, first_day + WEEK_DAYS), [len(who) for who in bought])
    return np.concatenate(bought), days


def lift(block: Block, day: int) -> Floats:
    """Return the factor by which running campaigns change each person's purchase rate."""
    factor = np.ones(block.people.count)
    for wave in block.waves:
        if wave.first_day <= day <= wave.last_day:
            factor[wave.treated] *= 1 + wave.effects
    return factor


def fill_baskets(block: Block, rng: np.random.Generator, who: Ints, days: Ints) -> Baskets:
    """Return what buyers ``who`` put into their baskets on ``days``: one to eight lines each."""
    sizes = 1 + np.minimum(rng.poisson(1.5, len(who)), 7)
    basket = np.repeat(np.arange(len(who)), sizes)
    starts = np.cumsum(sizes) - sizes
    line = np.arange(len(basket)) - starts[basket] + 1
    product = _chosen_products(block, rng, who[basket])
    quantity = 1 + (rng.random(len(basket)) < 0.12) + (rng.random(len(basket)) < 0.04)
    price = block.assortment.prices(product, days[basket])
    percent = rng.choice([0, 10, 20, 50], len(basket), p=[0.82, 0.09, 0.06, 0.03])
    discount = quantity * price * percent // 100
    amount = quantity * price - discount
    return Baskets(basket, line, product, quantity, price, discount, amount)


def _chosen_products(block: Block, rng: np.random.Generator, who: Ints) -> Ints:
    count = len(who)
    roll = rng.random(count)
    anything = rng.integers(0, block.assortment.products["department"].n_unique(), count)
    department = np.where(roll < 0.5, block.ints("taste_1")[who], anything)
    department = np.where((roll >= 0.5) & (roll < 0.78), block.ints("taste_2")[who], department)
    rank = (rng.random(count) ** 2.5 * PRODUCTS_A_DEPARTMENT).astype(np.int64)
    return department * PRODUCTS_A_DEPARTMENT + rank
