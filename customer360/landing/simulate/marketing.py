"""Campaigns with treatment and control groups, and what becomes of each delivery.

Here: ``marketing/campaigns`` and ``marketing/deliveries``, and whose purchase rate a campaign
changes, by how much. Not here: the purchases (``demand``).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from customer360.landing.simulate.accounts import accounts_in_use
from customer360.landing.simulate.block import Block
from customer360.landing.simulate.formats import DELIVERIES
from customer360.landing.simulate.parameters import WorldParameters
from customer360.landing.simulate.people import NEVER
from customer360.landing.simulate.streams import (
    SECONDS_A_DAY,
    Floats,
    Ints,
    date_text,
    hex_ids,
    utc_text,
)

FIRST_DAY = 4
EVERY_DAYS = 14
LAST_DAYS = 10
CHANNELS = ("email", "direct mail", "app", "social")
THEMES = ("Winter sale", "New arrivals", "Thank you", "Spring, fresh", "Members' week")
TARGETED_SHARE = 0.4
CONTROL_SHARE = 0.25


@dataclass(frozen=True)
class Wave:
    """A running campaign and whom it changes.

    From ``first_day`` to ``last_day`` the purchase rate of each of ``treated`` is multiplied by
    1 + the matching entry of ``effects``.
    """

    first_day: int
    last_day: int
    treated: Ints
    effects: Floats


def campaign_id(number: int) -> str:
    """Return the id of the campaign with that number (0 is the first)."""
    return f"CMP-{number + 1:04d}"


def running_campaigns(days: Ints) -> pl.Series:
    """Return the id of the campaign running on each of ``days``, null where none is."""
    number, rest = np.divmod(days - FIRST_DAY, EVERY_DAYS)
    none = (number < 0) | (rest > LAST_DAYS)
    ids = pl.Series("id", number + 1).cast(pl.String).str.zfill(4)
    nothing = pl.repeat(None, len(days), dtype=pl.String, eager=True)
    return nothing.zip_with(pl.Series(none), "CMP-" + ids)


def campaign_records(world: WorldParameters, day: int) -> pl.DataFrame:
    """Return the campaign records that land on ``day``: announced two days ahead, closed after."""
    rows = []
    for offset, budget in ((-2, False), (LAST_DAYS + 1, True)):
        number, rest = divmod(day - FIRST_DAY - offset, EVERY_DAYS)
        if rest == 0 and number >= 0:
            rows.append((number, budget))
    numbers = np.array([number for number, _ in rows], dtype=np.int64)
    first = world.start_day + FIRST_DAY + EVERY_DAYS * numbers
    at = (world.start_day + day) * SECONDS_A_DAY + 32_400 + numbers
    ids = pl.Series([campaign_id(number) for number, _ in rows], dtype=pl.String)
    return pl.DataFrame(
        {
            "campaign_id": ids,
            "name": pl.Series([THEMES[number % 5] for number, _ in rows], dtype=pl.String),
            "channel": pl.Series([CHANNELS[number % 4] for number, _ in rows], dtype=pl.String),
            "started_on": date_text(first),
            "ended_on": date_text(first + LAST_DAYS),
            "budget_amount": pl.Series(
                [f"{1500 + 250 * number}.50" if spent else None for number, spent in rows],
                dtype=pl.String,
            ),
            "updated_at": utc_text(at),
            "_key": ids,
            "_version_ms": at * 1000,
        }
    )


def run_campaigns(block: Block, day: int) -> pl.DataFrame | None:
    """Start the campaign of ``day``: its deliveries into the outbox, its effect into the block.

    Returns:
        One row per targeted person: campaign_id, person_id, group, true_effect (change of the
        purchase rate while it runs if treated); None on days without a start.
    """
    block.waves = [wave for wave in block.waves if wave.last_day >= day]
    number, rest = divmod(day - FIRST_DAY, EVERY_DAYS)
    if number < 0 or rest:
        return None
    rng = block.rng(day, "campaign")
    channel = CHANNELS[number % len(CHANNELS)]
    targets = _targets(block, channel, day)
    reachable = targets.select(pl.any_horizontal(pl.all().is_not_null())).to_series().to_numpy()
    chosen = reachable & (rng.random(block.people.count) < TARGETED_SHARE)
    who = np.flatnonzero(chosen & (block.people.ints("joined_day") <= day))
    if not len(who):
        return None
    is_control = rng.random(len(who)) < CONTROL_SHARE
    effects = block.habits["campaign_effect"].to_numpy()[who]
    treated = ~is_control
    block.waves.append(Wave(day, day + LAST_DAYS, who[treated], effects[treated]))
    group = pl.Series(["treatment", "control"]).gather(is_control * 1)
    _deliver(block, rng, who, targets[who], group, number, day)
    return pl.DataFrame(
        {
            "campaign_id": pl.repeat(campaign_id(number), len(who), eager=True),
            "person_id": block.people.frame["person_id"][who],
            "group": group,
            "true_effect": effects,
        }
    )


def _targets(block: Block, channel: str, day: int) -> pl.DataFrame:
    habits, count = block.habits, block.people.count
    wants = habits["allows_marketing"].to_numpy()
    everyone = np.arange(count)
    has_account = accounts_in_use(block, everyone, np.full(count, day)).is_not_null().to_numpy()
    created = block.ints("contact_day")
    has_contact = (created <= day) & (day < block.ints("contact_deleted_day")) & (created < NEVER)
    nobody = pl.repeat(None, count, dtype=pl.String, eager=True)
    columns = {
        "email": ("email", block.spelled["email"], wants & has_account),
        "handle": ("social", habits["handle"], np.ones(count, dtype=bool)),
        "loyalty_card_number": ("app", habits["card"], np.ones(count, dtype=bool)),
        "contact_id": ("direct mail", habits["contact_id"], has_contact),
    }
    return pl.DataFrame(
        {
            name: values.zip_with(pl.Series(mask & (used == channel)), nobody)
            for name, (used, values, mask) in columns.items()
        }
    )


def _deliver(
    block: Block,
    rng: np.random.Generator,
    who: Ints,
    targets: pl.DataFrame,
    group: pl.Series,
    number: int,
    day: int,
) -> None:
    count = len(who)
    ids = hex_ids("D-", block.serials(day, count), f"{block.world.seed} delivery")
    sent = block.midnight(np.full(count, day)) + 28_800 + rng.integers(0, 7_200, count)
    opened = sent + 60 + rng.exponential(50_000, count).astype(np.int64)
    clicked = opened + 30 + rng.integers(0, 900, count)
    stopped = opened + 1000 + rng.integers(0, 900, count)
    treated = (group == "treatment").to_numpy()
    opens = treated & (rng.random(count) < 0.35)
    clicks = opens & (rng.random(count) < 0.25)
    stops = opens & (rng.random(count) < 0.03)
    base = targets.with_columns(
        delivery_id=ids,
        campaign_id=pl.lit(campaign_id(number)),
        group=group,
        sent_at=_where(treated, sent),
        _key=ids,
        _person=pl.Series(who),
    )
    never = np.zeros(count, dtype=bool)
    stages = (
        (np.ones(count, dtype=bool), sent, never, never, never),
        (opens & ~clicks, opened, opens, never, never),
        (clicks, clicked, opens, clicks, never),
        (stops, stopped, opens, clicks, stops),
    )
    for mask, at, has_opened, has_clicked, has_stopped in stages:
        records = base.with_columns(
            opened_at=_where(has_opened, opened),
            clicked_at=_where(has_clicked, clicked),
            unsubscribed_at=_where(has_stopped, stopped),
            updated_at=utc_text(at),
            _version_ms=pl.Series(at * 1000),
        ).filter(pl.Series(mask))
        if records.height:
            block.outbox.add(DELIVERIES.folder, records, block.landing_days(at[mask]))


def _where(mask: np.ndarray, at: Ints) -> pl.Series:
    nothing = pl.repeat(None, len(at), dtype=pl.String, eager=True)
    return utc_text(at).zip_with(pl.Series(mask), nothing)
