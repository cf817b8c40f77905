"""Social media: profiles of customers and strangers, and what they write.

Here: ``social/profiles`` and ``social/interactions``. Not here: who has a handle (``habits``).
"""

import numpy as np
import polars as pl

from customer360.landing.simulate.block import NOBODY, WEEK_DAYS, Block
from customer360.landing.simulate.formats import INTERACTIONS, PROFILES
from customer360.landing.simulate.habits import NETWORKS
from customer360.landing.simulate.marketing import running_campaigns
from customer360.landing.simulate.streams import (
    SECONDS_A_DAY,
    Ints,
    chance,
    hex_ids,
    utc_text,
)

POSTS_A_DAY = 0.03
PROFILE_UPDATES_A_DAY = 0.012
STRANGERS_SHARE = 0.03
KINDS = ("mention", "comment", "like", "message", "review")
TEXTS = (
    "Love the new collection 😍", "Wann kommt die Tasche wieder?", "Livraison très lente…",
    "¡Gracias por la atención!", "Paczka dotarła uszkodzona :(", "Πολύ ωραίο κατάστημα",
    "Дуже дякую!", "Kargo nerede?", "أين طلبي؟", "质量很好", "サイズを教えてください",
    "He said \"never again\", I'd say 5/5", "Tolle Beratung im Laden 👍\U0001f3fd", "Meh.",
)  # fmt: skip


def post(block: Block, day: int) -> None:
    """Put the profile versions and interactions of the week from ``day`` into the outbox."""
    owners = np.flatnonzero(block.habits["handle"].is_not_null().to_numpy())
    rng = block.rng(day, "social")
    strangers = max(2, int(block.people.count * STRANGERS_SHARE))
    _publish_profiles(block, rng, owners, day)
    if day == 0:
        _publish_strangers(block, strangers)
    _interact(block, rng, owners, strangers, day)


def _publish_profiles(block: Block, rng: np.random.Generator, owners: Ints, first_day: int) -> None:
    joined = np.maximum(block.people.ints("joined_day")[owners], 0)
    week = np.arange(first_day, first_day + WEEK_DAYS)[:, np.newaxis]
    changed = rng.random((WEEK_DAYS, len(owners))) < PROFILE_UPDATES_A_DAY
    row, owner = np.nonzero((joined == week) | (changed & (joined < week)))
    who, days = owners[owner], first_day + row
    if not len(who):
        return
    at = block.midnight(days) + rng.integers(0, SECONDS_A_DAY, len(who))
    everyone = block.people.ints("everyone")[who]
    popularity = np.exp(3 + 5 * chance(everyone, "followers"))
    followers = (popularity * (1 + days / 400)).astype(np.int64)
    latin = pl.Series(chance(everyone, "display") < 0.4)
    frame = block.people.frame[who].with_columns(latin=latin, at=utc_text(at))
    native = pl.concat_str("first_native", pl.lit(" "), "last_native")
    short = pl.concat_str("first_latin", pl.lit(" "), pl.col("last_latin").str.slice(0, 1))
    records = frame.select(
        network=block.habits["network"][who],
        handle=block.habits["handle"][who],
        display_name=pl.when("latin").then(short).otherwise(native),
        email=pl.when(pl.Series(block.habits["shows_email"][who])).then("email"),
        followers=pl.Series(followers),
        updated_at="at",
    )
    _add_profiles(block, records, who, at)


def _publish_strangers(block: Block, strangers: int) -> None:
    network, handle = _strangers(block, np.arange(strangers))
    at = block.midnight(np.zeros(strangers, dtype=np.int64)) + np.arange(strangers) % SECONDS_A_DAY
    records = pl.DataFrame({"network": network, "handle": handle}).with_columns(
        display_name="handle",
        email=pl.lit(None, dtype=pl.String),
        followers=pl.int_range(pl.len()) % 900,
        updated_at=utc_text(at),
    )
    _add_profiles(block, records, np.full(strangers, NOBODY), at)


def _add_profiles(block: Block, records: pl.DataFrame, who: Ints, at: Ints) -> None:
    records = records.with_columns(
        _key=records["network"] + "|" + records["handle"],
        _person=pl.Series(who),
        _version_ms=pl.Series(at * 1000),
    )
    block.outbox.add(PROFILES.folder, records, block.landing_days(at))


def _strangers(block: Block, number: Ints) -> tuple[pl.Series, pl.Series]:
    serial = pl.Series(number).cast(pl.String)
    return pl.Series(NETWORKS).gather(number % 3), f"fan.{block.number}." + serial


def _interact(
    block: Block, rng: np.random.Generator, owners: Ints, strangers: int, day: int
) -> None:
    week = np.arange(day, day + WEEK_DAYS)
    active = np.array([block.active(int(today))[owners] for today in week])
    row, owner = np.nonzero(active & (rng.random(active.shape) < POSTS_A_DAY))
    who = owners[owner]
    talks = rng.poisson(strangers * POSTS_A_DAY * 2, WEEK_DAYS)
    others = rng.integers(0, strangers, int(talks.sum()))
    network, handle = _strangers(block, others)
    count = len(who) + len(others)
    days = np.concatenate((week[row], np.repeat(week, talks)))
    networks = pl.concat([block.habits["network"][who], network])
    at = block.midnight(days) + rng.integers(0, SECONDS_A_DAY, count)
    kind = rng.choice(len(KINDS), count, p=[0.2, 0.25, 0.35, 0.1, 0.1])
    ids = hex_ids("i", block.serials(day, count), f"{block.world.seed} interaction")
    about = running_campaigns(days).zip_with(
        pl.Series(rng.random(count) < 0.4), pl.repeat(None, count, dtype=pl.String, eager=True)
    )
    text = pl.Series(TEXTS).gather(rng.integers(0, len(TEXTS), count))
    records = pl.DataFrame(
        {
            "interaction_id": ids,
            "network": networks,
            "handle": pl.concat([block.habits["handle"][who], handle]),
            "kind": pl.Series(KINDS).gather(kind),
            "text": text,
            "occurred_at": utc_text(at),
            "campaign_id": about,
            "_key": networks + "|" + ids,
            "_person": np.concatenate((who, np.full(len(others), NOBODY))),
            "_version_ms": at * 1000,
        }
    ).with_columns(text=pl.when(pl.col("kind") != "like").then("text"))
    block.outbox.add(INTERACTIONS.folder, records, days)
