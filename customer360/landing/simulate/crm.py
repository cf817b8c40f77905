"""The CRM's change feed: contacts typed by clerks, and what they consented to.

Here: ``crm/contacts`` and ``crm/consents``. Not here: how badly clerks type (``clerks``).
"""

import numpy as np
import polars as pl

from customer360.landing.simulate.block import Block
from customer360.landing.simulate.clerks import typed_identity, typed_names
from customer360.landing.simulate.formats import CONSENTS, CONTACTS
from customer360.landing.simulate.people import NEVER, as_of
from customer360.landing.simulate.streams import SECONDS_A_DAY, Flags, Ints, chance, utc_text

SLOTS = ("contact", "second_contact")
SECOND_OF_DAY = {"created": 30_000, "moved": 43_000, "renamed": 52_000, "completed": 61_000, "deleted": 75_000}  # fmt: skip
CHANNELS = ("email", "sms", "post")


def keep_contacts(block: Block, day: int) -> None:
    """Put the contact versions and consents of ``day`` into the outbox."""
    for slot in SLOTS:
        if slot not in block.typed:
            block.typed[slot] = typed_identity(block, slot)
        for change in SECOND_OF_DAY:
            who = np.flatnonzero(_has_changed(block, slot, change, day))
            if not len(who):
                continue
            at = _moments(block, slot, change, who, day)
            block.outbox.add(
                CONTACTS,
                _contact_records(block, slot, change, who, at, day),
                np.full(len(who), day),
            )
            if change == "created":
                _ask_consent(block, slot, who, at, day)
    _withdraw(block, day)


def _has_changed(block: Block, slot: str, change: str, day: int) -> Flags:
    created = block.ints(f"{slot}_day")
    deleted = _deleted_day(block, slot)
    everyone = block.people.ints("everyone")
    if change == "created":
        return (created <= 0) if day == 0 else (created == day)
    lives = (created < day) & (day < deleted) & (created < NEVER)
    if change == "moved":
        # The CRM hears of a move days later, if at all.
        heard = (
            block.people.ints("moved_day")
            + 1
            + np.floor(20 * chance(everyone, slot)).astype(np.int64)
        )
        return lives & (heard == day) & (chance(everyone, f"{slot} hears") < 0.5)
    if change == "renamed":
        told = chance(everyone, f"{slot} told") < 0.5
        return lives & (block.people.ints("renamed_day") == day) & told
    if change == "completed":
        return lives & (block.ints("completed_day") == day) & (slot == "contact")
    return (deleted == day) & (created < NEVER)


def _deleted_day(block: Block, slot: str) -> Ints:
    if slot == "contact":
        return block.ints("contact_deleted_day")
    return np.full(block.people.count, NEVER)


def _moments(block: Block, slot: str, change: str, who: Ints, day: int) -> Ints:
    jitter = np.floor(9000 * chance(block.people.ints("everyone")[who], f"{slot} {change}"))
    on = block.ints(f"{slot}_day")[who] if change == "created" else np.full(len(who), day)
    return block.midnight(0) + on * SECONDS_A_DAY + SECOND_OF_DAY[change] + jitter.astype(np.int64)


def _contact_records(
    block: Block, slot: str, change: str, who: Ints, at: Ints, day: int
) -> pl.DataFrame:
    ids = block.habits[f"{slot}_id"][who]
    op = {"created": "I", "deleted": "D"}.get(change, "U")
    typed = block.typed[slot][who]
    known = as_of(block.people, who, np.full(len(who), day))
    frame = known.hstack(typed_names(known, typed)).hstack(
        typed.drop("latin", "uses_short", "swapped", "typo_at", "slips_last")
    )
    complete = (
        (day >= block.ints("completed_day")[who]) & (slot == "contact") & (change != "created")
    )
    frame = frame.with_columns(
        complete=pl.Series(complete),
        own_email=block.people.frame["email"][who],
        own_phone="+" + block.people.frame["phone_dial"][who] + block.people.frame["phone_national"][who],
    )  # fmt: skip
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
        personal = [name for name in records.columns if name not in ("contact_id", "op")]
        records = records.with_columns(pl.when(pl.lit(False)).then(pl.col(*personal)))
    return records.with_columns(
        updated_at=utc_text(at), _key=ids, _person=pl.Series(who), _version_ms=pl.Series(at * 1000)
    )


def _ask_consent(block: Block, slot: str, who: Ints, at: Ints, day: int) -> None:
    everyone = block.people.ints("everyone")[who]
    ids = block.habits[f"{slot}_id"][who]
    for number, channel in enumerate(CHANNELS):
        asked = chance(everyone, f"{slot} asked {channel}") < (0.95, 0.7, 0.6)[number]
        granted = chance(everyone, f"{slot} grants {channel}") < (0.6, 0.35, 0.5)[number]
        status = pl.Series(["denied", "granted"]).gather(granted * 1)
        mask = np.flatnonzero(asked)
        _land_consents(
            block, who[mask], ids[mask], channel, status[mask], (at + 60 + number)[mask], day
        )


def _withdraw(block: Block, day: int) -> None:
    # One in six hundred changes their mind on a day, after having been asked.
    created, deleted = block.ints("contact_day"), block.ints("contact_deleted_day")
    rng = block.rng(day, "consent")
    changes = rng.random(block.people.count) < 1 / 600
    who = np.flatnonzero(changes & (created < day) & (day < deleted) & (created < NEVER))
    if not len(who):
        return
    at = block.midnight(day) + rng.integers(30_000, 80_000, len(who))
    status = pl.Series(["withdrawn", "granted"]).gather((rng.random(len(who)) < 0.3) * 1)
    _land_consents(block, who, block.habits["contact_id"][who], "email", status, at, day)


def _land_consents(
    block: Block, who: Ints, ids: pl.Series, channel: str, status: pl.Series, at: Ints, day: int
) -> None:
    if not len(who):
        return
    changed_at = utc_text(at)
    records = pl.DataFrame({"contact_id": ids}).with_columns(
        purpose=pl.lit("marketing"),
        channel=pl.lit(channel),
        status=status,
        changed_at=changed_at,
        _key=ids + f"|marketing|{channel}|" + changed_at,
        _person=pl.Series(who),
        _version_ms=pl.Series(at * 1000),
    )
    block.outbox.add(CONSENTS, records, np.full(len(who), day))
