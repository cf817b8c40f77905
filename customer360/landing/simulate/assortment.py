"""What is sold, where, and at what price on which day.

Here: the products and stores of the world, the same for every block, and their landed records.
Not here: who buys what (``demand``).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from customer360.landing.simulate.parameters import WorldParameters
from customer360.landing.simulate.places import COUNTRIES
from customer360.landing.simulate.streams import (
    SECONDS_A_DAY,
    Ints,
    chance,
    date_text,
    money_text,
    number_ids,
    stream,
    utc_text,
)

DEPARTMENTS = {
    "Women": ("Dresses", "Knitwear", "Shirts", "Trousers", "Coats"),
    "Men": ("Suits", "Sweaters", "Shirts", "Jeans", "Jackets"),
    "Children": ("Baby", "School", "Toys", "Pyjamas", "Rainwear"),
    "Shoes": ("Sneakers", "Boots", "Sandals", "Slippers", "Care"),
    "Home": ("Bedding", "Lamps", "Cushions", "Vases", "Candles"),
    "Kitchen": ("Pans", "Knives", "Glasses", "Tableware", "Storage"),
    "Beauty": ("Skin", "Hair", "Perfume", "Make-up", "Bath"),
    "Sports": ("Running", "Yoga", "Outdoor", "Cycling", "Swimming"),
}
DEPARTMENT_PRICES = (3900, 4600, 2200, 6500, 2900, 3200, 1900, 4200)
BRANDS = ("Alba", "Borea", "Cordis", "Duna", "Elm & Oak", "Fjäll", "Gusto", "Halo")
STYLES = ("classic", "light", "soft", "modern", '"1920"', "eco, organic", "pur", "été")
PRODUCTS_A_DEPARTMENT = 65
STORES_A_COUNTRY = 6
PRICE_CHANGE_DAYS = 45
STORE_DAYS = 30


@dataclass(frozen=True)
class Assortment:
    """Products (row = product number, ordered by department) and stores (row = store number).

    ``base_cents`` and ``cost_cents`` belong to products, ``store_country`` (a position in
    ``COUNTRIES``) to stores.
    """

    products: pl.DataFrame
    stores: pl.DataFrame
    base_cents: Ints
    cost_cents: Ints
    store_country: Ints

    def prices(self, product: Ints, days: Ints) -> Ints:
        """Return the list price in cents of each product on each simulated day."""
        base = self.base_cents[product]
        period = (days + _phase(product)) // PRICE_CHANGE_DAYS
        change = 0.85 + 0.3 * chance(product * 1000 + period, "price")
        cents = np.floor(base * change / 10).astype(np.int64) * 10 + 9
        return np.where(period == 0, base, cents)

    def price_changes(self, first_day: int, days: int) -> tuple[Ints, Ints]:
        """Return products and the days on which their price changes; all of them on day 0."""
        number = np.arange(len(self.base_cents))
        day = np.arange(first_day, first_day + days)[:, np.newaxis]
        row, product = np.nonzero(((day + _phase(number)) % PRICE_CHANGE_DAYS == 0) | (day == 0))
        return product, first_day + row


def build_assortment(seed: int) -> Assortment:
    """Return the assortment of the world with ``seed``."""
    rng = stream(seed, 0, 0, "assortment")
    count = len(DEPARTMENTS) * PRODUCTS_A_DEPARTMENT
    department = np.arange(count) // PRODUCTS_A_DEPARTMENT
    category = rng.integers(0, 5, count)
    base = np.array(DEPARTMENT_PRICES)[department] * np.exp(rng.normal(0, 0.5, count))
    base_cents = np.floor(base / 100).astype(np.int64) * 100 + 99
    categories = [name for names in DEPARTMENTS.values() for name in names]
    style = pl.Series(STYLES).gather(rng.integers(0, len(STYLES), count))
    kind = pl.Series(categories).gather(department * 5 + category)
    products = pl.DataFrame(
        {
            "sku": number_ids("SKU-", np.arange(count), f"{seed} sku", 6),
            "name": kind + " " + style,
            "department": pl.Series(list(DEPARTMENTS)).gather(department),
            "category": kind,
            "brand": pl.Series(BRANDS).gather(rng.integers(0, len(BRANDS), count)),
        }
    )
    country = np.repeat(np.arange(len(COUNTRIES)), STORES_A_COUNTRY)
    cost = np.floor(base_cents * rng.uniform(0.35, 0.7, count)).astype(np.int64)
    return Assortment(products, _stores(seed, country), base_cents, cost, country)


def _phase(number: Ints) -> Ints:
    # Never 0, so that the first change of a price comes after the first day.
    return 1 + np.floor(chance(number, "price phase") * (PRICE_CHANGE_DAYS - 1)).astype(np.int64)


def _stores(seed: int, country: Ints) -> pl.DataFrame:
    lands = [COUNTRIES[number] for number in country]
    cities = [list(land.cities)[i % len(land.cities)] for i, land in enumerate(lands)]
    opened = _opening_day(np.arange(len(country)))
    names = [f"{city}, {lands[i].code} {i}" for i, city in enumerate(cities)]
    regions = [None if i % 7 == 0 else land.code for i, land in enumerate(lands)]
    return pl.DataFrame(
        {
            "store_id": number_ids("S", np.arange(len(country)), f"{seed} store", 4),
            "name": pl.Series(names),
            "city": pl.Series(cities),
            "region": pl.Series(regions, dtype=pl.String),
            "country": pl.Series([land.code for land in lands]),
            "opened_on": date_text(opened),
        }
    )


def _opening_day(number: Ints) -> Ints:
    # In days since 1970: some time between 1995 and 2019.
    return 9131 + np.floor(chance(number, "opening") * 9000).astype(np.int64)


def product_records(
    assortment: Assortment, world: WorldParameters, first_day: int, days: int
) -> tuple[pl.DataFrame, Ints]:
    """Return product records of some days and their days: all first, later what changes price."""
    product, day = assortment.price_changes(first_day, days)
    at = (world.start_day + day) * SECONDS_A_DAY + 3600 + product
    chosen = assortment.products[product]
    records = chosen.with_columns(
        list_price=_cents_text(assortment.prices(product, day)),
        unit_cost=_cents_text(assortment.cost_cents[product]),
        updated_at=utc_text(at),
        _key=chosen["sku"],
        _version_ms=pl.Series(at * 1000),
    )
    return records, day


def store_records(
    assortment: Assortment, world: WorldParameters, first_day: int, days: int
) -> tuple[pl.DataFrame, Ints]:
    """Return store records of some days and their days: all first, then one a month, renamed."""
    count = assortment.stores.height
    later = [day for day in range(max(first_day, 1), first_day + days) if day % STORE_DAYS == 0]
    first = np.arange(count if first_day == 0 else 0)
    store = np.concatenate((first, np.array(later, dtype=np.int64) // STORE_DAYS % count))
    day = np.concatenate((np.zeros(len(first), dtype=np.int64), np.array(later, dtype=np.int64)))
    at = (world.start_day + day) * SECONDS_A_DAY + 4000 + store
    chosen = assortment.stores[store]
    records = chosen.with_columns(
        name=pl.when(pl.Series(day > 0)).then(pl.col("name") + " (new)").otherwise("name"),
        updated_at=utc_text(at),
        _key=chosen["store_id"],
        _version_ms=pl.Series(at * 1000),
    )
    return records, day


def _cents_text(cents: Ints) -> pl.Series:
    return pl.DataFrame({"cents": cents}).select(money_text(pl.col("cents"))).to_series()
