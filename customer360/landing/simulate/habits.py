"""How people shop and what they carry: rates, tastes, cards, accounts, contacts, devices.

Here: everything about a person that decides which system notices what, drawn once from the seed.
Not here: who the person is (``people``), what happens on a day (``demand`` and each source).
"""

import numpy as np
import polars as pl

from customer360.landing.simulate.assortment import DEPARTMENTS, STORES_A_COUNTRY
from customer360.landing.simulate.parameters import WorldParameters
from customer360.landing.simulate.people import NEVER, People
from customer360.landing.simulate.streams import Flags, Ints, number_ids, permuted, stream

NETWORKS = ("instagram", "facebook", "x")
STORE_RATE = 0.105
WEB_RATE = 0.05
BROWSE_RATE = 0.05


def build_habits(world: WorldParameters, block: int, people: People) -> pl.DataFrame:
    """Return one row per person of ``block``, in the order of ``people``.

    Rates are purchases (or browsing sessions) a day while active. Days count from the world's
    start; ``NEVER`` stands for none. Ids are null for people who have none.
    """
    rng = stream(world.seed, 0, block, "habits")
    everyone = people.ints("everyone")
    return pl.DataFrame(
        _rates(rng, people)
        | _cards(rng, world.seed, people, everyone)
        | _accounts(rng, world.seed, people, everyone)
        | _contacts(rng, world.seed, people, everyone)
        | _online_life(rng, people, everyone)
    )


def _days(values: np.ndarray) -> Ints:
    days: Ints = np.minimum(np.floor(values), NEVER).astype(np.int64)
    return days


def _some(ids: pl.Series, mask: Flags) -> pl.Series:
    nobody = pl.repeat(None, len(ids), dtype=pl.String, eager=True)
    return ids.zip_with(pl.Series(mask), nobody)


def _rates(rng: np.random.Generator, people: People) -> dict[str, pl.Series]:
    count = people.count
    # A gamma mixture: a few buy weekly, most a few times a year (as in Pareto/NBD models).
    level = rng.gamma(0.7, 1 / 0.7, count)
    share = rng.beta(2.2, 1.4, count)
    taste = rng.integers(0, len(DEPARTMENTS), (2, count))
    home = people.ints("country_ix") * STORES_A_COUNTRY + rng.integers(0, STORES_A_COUNTRY, count)
    roll = rng.random(count)
    # Some buy more in the fortnight of a campaign, some are put off by it, most do not care.
    effect = np.where(roll < 0.22, rng.uniform(0.3, 1.2, count), 0.0)
    effect = np.where(roll > 0.93, -rng.uniform(0.2, 0.6, count), effect)
    return {
        "store_rate": pl.Series(level * share * STORE_RATE / 0.611),
        "web_rate": pl.Series(level * (1 - share) * WEB_RATE / 0.389),
        "browse_rate": pl.Series(rng.gamma(0.6, 1 / 0.6, count) * BROWSE_RATE),
        "taste_1": pl.Series(taste[0]),
        "taste_2": pl.Series(taste[1]),
        "home_store": pl.Series(home),
        "campaign_effect": pl.Series(np.round(effect, 3)),
    }


def _cards(
    rng: np.random.Generator, seed: int, people: People, everyone: Ints
) -> dict[str, pl.Series]:
    count, head = people.count, people.ints("head")
    has_card = rng.random(count) < 0.6
    second_day = np.where(rng.random(count) < 0.06, rng.integers(-300, 300, count), NEVER)
    first = number_ids("29", everyone * 2, f"{seed} card", 9)
    second = number_ids("29", everyone * 2 + 1, f"{seed} card", 9)
    family = _some(first, has_card)[head]
    borrows = ~has_card & has_card[head] & (rng.random(count) < 0.45)
    tokens = number_ids("tok_", everyone, f"{seed} token", 9)
    shares_token = (rng.random(count) < 0.1) & (people.ints("place") == 1)
    return {
        "card": _some(first, has_card),
        "second_card": _some(second, has_card & (second_day < NEVER)),
        "second_card_day": pl.Series(second_day),
        "borrowed_card": _some(family, borrows),
        "shows_card": pl.Series(rng.beta(5, 2, count)),
        "payment_token": tokens.zip_with(pl.Series(~shares_token), tokens[head]),
    }


def _accounts(
    rng: np.random.Generator, seed: int, people: People, everyone: Ints
) -> dict[str, pl.Series]:
    count, joined = people.count, people.ints("joined_day")
    has_account = rng.random(count) < 0.56
    second = has_account & (rng.random(count) < 0.05)
    created = joined + _days(rng.exponential(25, count))
    created_second = created + 5 + _days(rng.exponential(120, count))
    deleted = np.maximum(created, 0) + 1 + _days(rng.exponential(4500, count))
    return {
        "account_id": _some(number_ids("A", everyone * 2, f"{seed} account", 9), has_account),
        "account_day": pl.Series(np.where(has_account, created, NEVER)),
        "account_deleted_day": pl.Series(np.where(has_account, deleted, NEVER)),
        "second_account_id": _some(number_ids("A", everyone * 2 + 1, f"{seed} account", 9), second),
        "second_account_day": pl.Series(np.where(second, created_second, NEVER)),
        "second_account_deleted_day": pl.Series(np.full(count, NEVER)),
        "writes_latin": pl.Series(rng.random(count) < 0.25),
        "tells_phone": pl.Series(rng.random(count) < 0.75),
        "tells_birth": pl.Series(rng.random(count) < 0.6),
        "tells_card": pl.Series(rng.random(count) < 0.55),
    }


def _contacts(
    rng: np.random.Generator, seed: int, people: People, everyone: Ints
) -> dict[str, pl.Series]:
    count, joined = people.count, people.ints("joined_day")
    has_contact = rng.random(count) < 0.7
    second = has_contact & (rng.random(count) < 0.09)
    created = joined + _days(rng.exponential(20, count))
    created_second = created + 3 + _days(rng.exponential(200, count))
    deleted = np.maximum(created, 0) + 1 + _days(rng.exponential(4500, count))
    return {
        "contact_id": _some(number_ids("C", everyone * 2, f"{seed} contact", 8), has_contact),
        "contact_day": pl.Series(np.where(has_contact, created, NEVER)),
        "contact_deleted_day": pl.Series(np.where(has_contact, deleted, NEVER)),
        "second_contact_id": _some(number_ids("C", everyone * 2 + 1, f"{seed} contact", 8), second),
        "second_contact_day": pl.Series(np.where(second, created_second, NEVER)),
        "second_contact_deleted_day": pl.Series(np.full(count, NEVER)),
        "completed_day": pl.Series(np.maximum(created, 0) + 1 + _days(rng.exponential(250, count))),
    }


def _online_life(rng: np.random.Generator, people: People, everyone: Ints) -> dict[str, pl.Series]:
    count, frame = people.count, people.frame
    social = rng.random(count) < 0.2
    tail = pl.Series(permuted(everyone, "handle", 8)).cast(pl.String)
    network = pl.Series(NETWORKS).gather(rng.choice(3, count, p=[0.5, 0.3, 0.2]))
    slug = frame["first_slug"] + pl.Series(["_", ".", ""]).gather(rng.integers(0, 3, count))
    # In a family one tablet on the kitchen table is used by all.
    shares = (rng.random(count) < 0.35)[people.ints("head")]
    return {
        "network": _some(network, social),
        "handle": _some(slug + tail, social),
        "shows_email": pl.Series(rng.random(count) < 0.3),
        "devices": pl.Series(rng.choice([1, 2, 3], count, p=[0.55, 0.35, 0.1])),
        "shares_device": pl.Series(shares),
        "cookie_days": pl.Series(rng.choice([21, 90, 2000], count, p=[0.2, 0.3, 0.5])),
        "allows_analytics": pl.Series(rng.random(count) < 0.75),
        "allows_marketing": pl.Series(rng.random(count) < 0.55),
        "patience": pl.Series(rng.random(count)),
    }
