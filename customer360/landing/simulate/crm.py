"""The CRM's change feed: contacts typed by clerks, and what they consented to.

Here: ``crm/contacts`` and ``crm/consents``. Not here: how badly clerks type (``clerks``).
"""

import numpy as np
import polars as pl

from customer360.landing.simulate.block import WEEK_DAYS, Block
from customer360.landing.simulate.clerks import typed_identity, typed_names
from customer360.landing.simulate.formats import CONSENTS, CONTACTS
from customer360.landing.simulate.people import NEVER, as_of
from customer360.landing.simulate.streams import Ints, chance, utc_text

SLOTS = ("contact", "second_contact")
SECOND_OF_DAY = {
    "created": 30_000,
    "moved": 43_000,
    "renamed": 52_000,
    "completed": 61_000,
    "deleted": 75_000,
}
HEARING = {"moved": 0.5, "renamed": 0.5, "completed": 1.0}
CHANNELS = ("email", "sms", "post")
ASKED = (0.95, 0.7, 0.6)
GRANTING = (0.6, 0.35, 0.5)


def keep_contacts(block: Block, day: int) -> None:
    """Put the contact versions and consents of the week that begins on ``day`` into the outbox.

    The first week brings every older contact and consent on its first day.
    """
    for slot in SLOTS:
        if slot not in block.typed:
            block.typed[slot] = typed_identity(block, slot)
        for change in SECOND_OF_DAY:
            turn = _turns(block, slot, change)
            who = np.flatnonzero((turn >= day) & (turn < day + WEEK_DAYS))
            if not len(who):
                continue
            at = _moments(block, slot, change, who, turn[who])
            records = _contact_records(block, slot, change, who, at, turn[who])
            block.outbox.add(CONTACTS.folder, records, turn[who])
            if change == "created":
                _ask_consent(block, slot, who, at, turn[who])
    _withdraw(block, day)


def _turns(block: Block, slot: str, change: str) -> Ints:
    """Return the day on which the CRM records each person's ``change``, or ``NEVER``."""
    created, everyone = block.ints(f"{slot}_day"), block.people.ints("everyone")
    deleted = block.ints(f"{slot}_deleted_day")
    if change == "created":
        return np.maximum(created, 0)
    if change == "deleted":
        return np.where(created < NEVER, deleted, NEVER)
    told = chance(everyone, f"{slot} hears of {change}") < HEARING[change]
    if change == "completed":
        turn = block.ints("completed_day")
        told &= slot == "contact"
    else:
        turn = block.people.ints(f"{change}_day")
    if change == "moved":
        # The CRM hears of a move days later, if at all.
        turn = turn + 1 + np.floor(20 * chance(everyone, slot)).astype(np.int64)
    return np.where(told & (created < turn) & (turn < deleted), turn, NEVER)


def _moments(block: Block, slot: str, change: str, who: Ints, days: Ints) -> Ints:
    jitter = np.floor(9000 * chance(block.people.ints("everyone")[who], f"{slot} {change}"))
    on = block.ints(f"{slot}_day")[who] if change == "created" else days
    return block.midnight(on) + SECOND_OF_DAY[change] + jitter.astype(np.int64)


def _contact_records(
    block: Block, slot: str, change: str, who: Ints, at: Ints, days: Ints
) -> pl.DataFrame:
    ids = block.habits[f"{slot}_id"][who]
    op = {"created": "I", "deleted": "D"}.get(change, "U")
    typed = block.typed[slot][who]
    known = as_of(block.people, who, days)
    frame = known.hstack(typed_names(known, typed)).hstack(
        typed.drop("latin", "uses_short", "swapped", "typo_at", "slips_last")
    )
    complete = (
        (days >= block.ints("completed_day")[who]) & (slot == "contact") & (change != "created")
    )
    person = block.people.frame[who]
    frame = frame.with_columns(
        complete=pl.Series(complete),
        own_email=person["email"],
        own_phone="+" + person["phone_dial"] + person["phone_national"],
    )
    roll = pl.col("address_roll")
    place = {
        name: pl.when(roll < 0.78).then(name).when(roll < 0.9).then(f"old_{name}")
        for name in ("street", "city", "postal_code")
    }
    records = frame.select(
        pl.Series("contact_id", ids),
        pl.lit(op).alias("op"),
        "title",
        "first_name",
        "last_name",
        email=pl.when("complete").then(pl.coalesce("own_email", "email")).otherwise("email"),
        phone=pl.when("complete").then(pl.coalesce("own_phone", "phone")).otherwise("phone"),
        **place,
        country=pl.when(roll < 0.95).then("country"),
        date_of_birth="date_of_birth",
        loyalty_card_number="loyalty_card_number",
    )
    if op == "D":
        records = records.clear(len(who)).with_columns(contact_id=ids, op=pl.lit(op))
    return records.with_columns(
        updated_at=utc_text(at), _key=ids, _person=pl.Series(who), _version_ms=pl.Series(at * 1000)
    )


def _ask_consent(block: Block, slot: str, who: Ints, at: Ints, days: Ints) -> None:
    everyone = block.people.ints("everyone")[who]
    asked, channels, granted = [], [], []
    for number, channel in enumerate(CHANNELS):
        rows = np.flatnonzero(chance(everyone, f"{slot} asked {channel}") < ASKED[number])
        asked.append(rows)
        channels.append(np.full(len(rows), number))
        granted.append(chance(everyone[rows], f"{slot} grants {channel}") < GRANTING[number])
    row, channel_number = np.concatenate(asked), np.concatenate(channels)
    if len(row):
        ids = block.habits[f"{slot}_id"][who[row]]
        status = pl.Series(["denied", "granted"]).gather(np.concatenate(granted) * 1)
        moment = at[row] + 60 + channel_number
        _land_consents(block, who[row], ids, channel_number, status, moment, days[row])


def _withdraw(block: Block, day: int) -> None:
    # One in six hundred changes their mind on a day, after having been asked.
    created, deleted = block.ints("contact_day"), block.ints("contact_deleted_day")
    rng = block.rng(day, "consent")
    changes = rng.random(block.people.count) < WEEK_DAYS / 600
    on = day + rng.integers(0, WEEK_DAYS, block.people.count)
    who = np.flatnonzero(changes & (created < on) & (on < deleted) & (created < NEVER))
    if not len(who):
        return
    days = on[who]
    at = block.midnight(days) + rng.integers(30_000, 80_000, len(who))
    status = pl.Series(["withdrawn", "granted"]).gather((rng.random(len(who)) < 0.3) * 1)
    ids = block.habits["contact_id"][who]
    _land_consents(block, who, ids, np.zeros(len(who), dtype=np.int64), status, at, days)


def _land_consents(
    block: Block, who: Ints, ids: pl.Series, channel: Ints, status: pl.Series, at: Ints, days: Ints
) -> None:
    channels = pl.Series(CHANNELS).gather(channel)
    changed_at = utc_text(at)
    records = pl.DataFrame({"contact_id": ids}).with_columns(
        purpose=pl.lit("marketing"),
        channel=channels,
        status=status,
        changed_at=changed_at,
        _key=ids + "|marketing|" + channels + "|" + changed_at,
        _person=pl.Series(who),
        _version_ms=pl.Series(at * 1000),
    )
    block.outbox.add(CONSENTS.folder, records, days)
