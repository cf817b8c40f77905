"""Which cookie a person is behind: several devices each, shared ones, cookies that are reset.

Here: ``anonymous_id`` of people and of visitors nobody knows. Not here: what they look at
(``browsing``).
"""

import numpy as np
import polars as pl

from customer360.landing.simulate.block import Block
from customer360.landing.simulate.streams import Ints, chance, hex_ids

DEVICES_A_PERSON = 8
SHARED = 7
VISITORS_A_WEEK = 0.16


def cookies(block: Block, rng: np.random.Generator, who: Ints, days: Ints) -> pl.Series:
    """Return the ``anonymous_id`` of a device each of people ``who`` uses on ``days``."""
    people = block.people
    head = people.ints("head")[who]
    slot = (rng.random(len(who)) * block.ints("devices")[who]).astype(np.int64)
    is_shared = (slot == 0) & block.habits["shares_device"].to_numpy()[who]
    owner = np.where(is_shared, head, who)
    everyone = people.ints("everyone")[owner]
    number = everyone * DEVICES_A_PERSON + np.where(is_shared, SHARED, slot)
    lasts = block.ints("cookie_days")[owner]
    reset = (days + np.floor(chance(number, "cookie phase") * lasts).astype(np.int64)) // lasts
    return hex_ids("", (number << 12) + reset, f"{block.world.seed} cookie")


def visitor_cookies(block: Block, rng: np.random.Generator, days: Ints) -> pl.Series:
    """Return the cookies of a stranger's session on each of ``days``; some come back in a week."""
    strangers = max(20, int(block.people.count * VISITORS_A_WEEK))
    number = rng.integers(0, strangers, len(days))
    week = (days // 7 * 4096 + block.number) << 28
    return hex_ids("", -1 - (week + number), f"{block.world.seed} cookie")
