"""What web analytics sees: sessions of customers and strangers, most of them just looking.

Here: ``web/events``. Not here: the orders some sessions end in (``orders``), who is behind a
cookie (``devices``).
"""

import numpy as np
import polars as pl

from customer360.landing.simulate.accounts import accounts_in_use
from customer360.landing.simulate.assortment import PRODUCTS_A_DEPARTMENT
from customer360.landing.simulate.block import NOBODY, WEEK_DAYS, Block
from customer360.landing.simulate.demand import WEB_WEEK
from customer360.landing.simulate.devices import cookies, visitor_cookies
from customer360.landing.simulate.formats import EVENTS
from customer360.landing.simulate.orders import WebPurchases
from customer360.landing.simulate.streams import Ints, hex_ids, utc_millisecond_text

STRANGERS_A_DAY = 0.043
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/140.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Safari/604.1",
    "Mozilla/5.0 (Linux; Android 16) Chrome/142.0 Mobile",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 15_0) Safari/605.1",
    "ShopApp/4.2 (Android)",
)
SEARCHES = ("socks", "winter coat", "pánské boty", "geschenk", "lampe \"retro\"", "robe d'été",
            "cadeau", "sandalias", "buty", "φόρεμα", "плаття", "雨具")  # fmt: skip
REFERRERS = (None, None, "https://www.search.example/", "https://news.example/style",
             "https://social.example/feed")  # fmt: skip
UTMS = (("newsletter", "email", "wave"), ("search", "cpc", "brand"), ("social", "paid", "look"))
# A buying session ends with add_to_cart, checkout, purchase: positions in TYPES by events left.
CHECKOUT = np.array([6, 6, 5, 3])
TYPES = ("page_view", "product_view", "search", "add_to_cart", "login", "checkout", "purchase")


def browse(block: Block, day: int, purchases: WebPurchases | None) -> pl.DataFrame:
    """Put the events of the week from ``day`` into the outbox.

    Returns:
        ``anonymous_id``, ``person`` (-1 for strangers) and ``day`` of each session.
    """
    rng = block.rng(day, "browsing")
    sessions = pl.concat([_looking(block, rng, day), _buying(rng, purchases)])
    lengths = sessions["length"].to_numpy()
    session = np.repeat(np.arange(len(lengths)), lengths)
    step = np.arange(len(session)) - (np.cumsum(lengths) - lengths)[session]
    kinds = _event_types(rng, sessions, session, step)
    records = _event_records(block, rng, day, sessions, session, step, kinds)
    block.outbox.add(EVENTS.folder, records, sessions["day"].to_numpy()[session])
    return sessions.select("anonymous_id", "day", person="who")


def _looking(block: Block, rng: np.random.Generator, first_day: int) -> pl.DataFrame:
    # Who forbids analytics is not tracked at all.
    base = block.habits["browse_rate"].to_numpy() * block.habits["allows_analytics"].to_numpy()
    week = np.arange(first_day, first_day + WEEK_DAYS)
    factor = np.array([WEB_WEEK[block.world.on(int(day)).weekday()] for day in week])
    active = np.array([block.active(int(day)) for day in week])
    counts = rng.poisson(active * base * factor[:, np.newaxis])
    row, person = np.nonzero(counts)
    who, days = (np.repeat(values, counts[row, person]) for values in (person, week[row]))
    strange_days = np.repeat(week, rng.poisson(block.people.count * STRANGERS_A_DAY * factor))
    accounts = pl.DataFrame(
        {"account_id": accounts_in_use(block, who, days), "signs_in": rng.random(len(who)) < 0.35}
    ).select(pl.when("signs_in").then("account_id"))
    known = [cookies(block, rng, who, days), visitor_cookies(block, rng, strange_days)]
    all_days = np.concatenate((days, strange_days))
    count = len(all_days)
    return pl.DataFrame(
        {
            "who": np.concatenate((who, np.full(len(strange_days), NOBODY))),
            "day": all_days,
            "anonymous_id": pl.concat(known),
            "account_id": accounts.to_series().extend_constant(None, len(strange_days)),
            "at": block.midnight(all_days) + (rng.beta(2.5, 1.5, count) * 84_000).astype(np.int64),
            "length": 1 + np.minimum(rng.geometric(0.32, count), 25),
            "product": np.full(count, -1),
        }
    )


def _buying(rng: np.random.Generator, purchases: WebPurchases | None) -> pl.DataFrame:
    empty = {
        "who": pl.Int64, "day": pl.Int64, "anonymous_id": pl.String, "account_id": pl.String,
        "at": pl.Int64, "length": pl.Int64, "product": pl.Int64,
    }  # fmt: skip
    if purchases is None:
        return pl.DataFrame(schema=empty)
    length = rng.integers(4, 7, len(purchases.who))
    frame = pl.DataFrame(
        {
            "who": purchases.who,
            "day": purchases.days,
            "anonymous_id": purchases.anonymous_id,
            "account_id": purchases.account_id,
            "at": purchases.ordered_at - 30 * length,
            "length": length,
            "product": purchases.product,
        },
        schema=empty,
    )
    seen = frame["anonymous_id"].is_not_null() & pl.Series(rng.random(frame.height) < 0.8)
    return frame.filter(seen)


def _event_types(
    rng: np.random.Generator, sessions: pl.DataFrame, session: Ints, step: Ints
) -> Ints:
    left = sessions["length"].to_numpy()[session] - step
    buys = sessions["product"].to_numpy()[session] >= 0
    knows = sessions["account_id"].is_not_null().to_numpy()[session]
    kinds = rng.choice(4, len(session), p=[0.38, 0.46, 0.11, 0.05])
    kinds = np.where(step == 0, 0, kinds)
    kinds = np.where((step == 1) & knows, 4, kinds)
    kinds = np.where(buys & (step == 0), 1, kinds)
    return np.where(buys & (left <= 3), CHECKOUT[np.minimum(left, 3)], kinds)


def _event_records(
    block: Block,
    rng: np.random.Generator,
    day: int,
    sessions: pl.DataFrame,
    session: Ints,
    step: Ints,
    kinds: Ints,
) -> pl.DataFrame:
    count = len(session)
    visits = sessions.with_columns(_visit_traits(block, rng, sessions))[session]
    gap = np.where(visits["product"].to_numpy() >= 0, 30, 41)
    at_ms = (visits["at"].to_numpy() + gap * step) * 1000 + rng.integers(0, 29_000, count)
    products = block.assortment.products["sku"]
    looked = (rng.random(count) ** 1.5 * len(products)).astype(np.int64)
    looked = (looked * 17 + looked // PRODUCTS_A_DEPARTMENT) % len(products)
    bought = visits["product"].to_numpy()
    # The buyer's session is about the article bought; kinds 1, 3, 5 and 6 concern an article.
    sku = products[np.where(bought >= 0, bought, looked)]
    kind = pl.Series(kinds)
    event_id = hex_ids("", block.serials(day, count), f"{block.world.seed} event")
    terms = pl.Series(SEARCHES).gather(rng.integers(0, len(SEARCHES), count))
    frame = visits.with_columns(
        event_id=event_id, kind=kind, step=pl.Series(step), sku=sku, term=terms,
        ms=pl.Series(at_ms),
        occurred_at=utc_millisecond_text(at_ms),
        event_type=pl.Series(TYPES).gather(kinds),
    )  # fmt: skip
    return _as_tracked(frame)


def _visit_traits(
    block: Block, rng: np.random.Generator, sessions: pl.DataFrame
) -> list[pl.Series]:
    count, who = sessions.height, sessions["who"].to_numpy()
    known = who != NOBODY
    marketing = block.habits["allows_marketing"].to_numpy()[np.where(known, who, 0)]
    marketing = np.where(known, marketing, rng.random(count) < 0.4)
    tagged = rng.integers(0, 9, count)
    utm = pl.DataFrame(UTMS, schema=["source", "medium", "campaign"], orient="row").to_struct()
    utm = pl.concat([utm, pl.Series("", [None], dtype=utm.dtype)])
    return [
        pl.Series("marketing", marketing),
        pl.Series("agent", pl.Series(AGENTS).gather(rng.integers(0, len(AGENTS), count))),
        pl.Series("referrer", pl.Series(REFERRERS).gather(rng.integers(0, len(REFERRERS), count))),
        utm.gather(np.minimum(tagged, len(UTMS))).alias("utm"),
    ]


def _as_tracked(frame: pl.DataFrame) -> pl.DataFrame:
    kind = pl.col("kind")
    of_article = kind.is_in([1, 3])
    path = (
        pl.when(of_article)
        .then(pl.concat_str(pl.lit("https://shop.example/p/"), "sku"))
        .when(kind == 2)
        .then(pl.lit("https://shop.example/search"))
        .when(kind >= 4)
        .then(pl.concat_str(pl.lit("https://shop.example/"), "event_type"))
        .otherwise(pl.lit("https://shop.example/"))
    )
    # Before the login, the second event of a session, only the cookie is known.
    signed_in = (pl.col("step") >= 1) | (kind >= 5)
    return frame.select(
        "event_id",
        "anonymous_id",
        account_id=pl.when(signed_in).then("account_id"),
        event_type="event_type",
        occurred_at="occurred_at",
        url=path,
        referrer=pl.when(pl.col("step") == 0).then("referrer"),
        utm=pl.when(pl.col("step") == 0).then("utm"),
        sku=pl.when(of_article).then("sku"),
        search_term=pl.when(kind == 2).then("term"),
        user_agent="agent",
        consent=pl.struct(analytics=pl.lit(True), marketing=pl.col("marketing")),
        _key="event_id",
        _person="who",
        _version_ms="ms",
    )
