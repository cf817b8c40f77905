"""Addresses: streets, house numbers and postal codes as each country writes them.

Here: drawing addresses. Not here: who lives there and when they move (``people``).
"""

import numpy as np
import polars as pl

from customer360.landing.simulate.places import COUNTRIES, COUNTRY_CODES
from customer360.landing.simulate.streams import Ints


def draw_addresses(rng: np.random.Generator, country: Ints) -> pl.DataFrame:
    """Return one address per entry of ``country`` (positions in ``COUNTRIES``).

    Columns: street (with the number), city, postal_code, country (ISO 3166 alpha-2).
    """
    cities = [place for land in COUNTRIES for place in land.cities.items()]
    places = pl.DataFrame(cities, schema=["city", "code"], orient="row")
    city_count = np.array([len(land.cities) for land in COUNTRIES])
    city_from = np.concatenate(([0], np.cumsum(city_count)[:-1]))
    street_count = np.array([len(land.streets) for land in COUNTRIES])
    street_from = np.concatenate(([0], np.cumsum(street_count)[:-1]))
    forms = [land.street_form.format(s=s, n="{n}") for land in COUNTRIES for s in land.streets]
    count = len(country)
    # Big cities and main streets come first in the tables and are drawn more often.
    city = city_from[country] + (rng.random(count) ** 1.6 * city_count[country]).astype(np.int64)
    street = street_from[country] + rng.integers(0, street_count[country])
    frame = places[city].with_columns(
        form=pl.Series(forms).gather(street),
        house=pl.Series(1 + (rng.random(count) ** 2 * 140).astype(np.int64)).cast(pl.String),
        flat=pl.Series(rng.random(count)),
        digits=pl.Series(rng.integers(0, 1000, count)),
    )
    width = pl.col("code").str.count_matches("#", literal=True)
    digits = pl.col("digits").cast(pl.String).str.zfill(3)
    number = pl.when(pl.col("flat") < 0.1).then(pl.col("house") + "a").otherwise("house")
    address: pl.DataFrame = frame.select(
        street=pl.concat_str(
            pl.col("form").str.split("{n}").list.first(),
            number,
            pl.col("form").str.split("{n}").list.last(),
        ),
        city="city",
        postal_code=pl.concat_str(pl.col("code").str.strip_chars_end("#"), digits.str.tail(width)),
        country=pl.Series(COUNTRY_CODES).gather(country),
    )
    return address
