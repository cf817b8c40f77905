"""Accounts of the web shop: every version of each, from sign-up to deletion.

Here: ``ecommerce/accounts``, and which account a person signs in with. Not here: orders.
"""

import numpy as np
import polars as pl

from customer360.landing.simulate.block import Block
from customer360.landing.simulate.formats import ACCOUNTS
from customer360.landing.simulate.people import NEVER, as_of
from customer360.landing.simulate.streams import (
    SECONDS_A_DAY,
    Flags,
    Ints,
    chance,
    date_text,
    utc_text,
)

SLOTS = ("account", "second_account")
SECOND_OF_DAY = {"created": 30_000, "mail": 40_000, "moved": 50_000, "renamed": 60_000, "deleted": 75_000}  # fmt: skip


def sign_ups_and_changes(block: Block, day: int) -> None:
    """Put the account versions of ``day`` into the outbox; on the first day all older ones too."""
    for slot in SLOTS:
        for change in SECOND_OF_DAY:
            who = np.flatnonzero(_has_changed(block, slot, change, day))
            if len(who):
                records = _records(block, slot, change, who, day)
                block.outbox.add(ACCOUNTS, records, np.full(len(who), day))


def accounts_in_use(block: Block, day: int) -> pl.Series:
    """Return the account each person would sign in with on ``day``, null for those without."""
    first = (block.ints("account_day") <= day) & (day < block.ints("account_deleted_day"))
    second = block.ints("second_account_day") <= day
    # Who has two accounts uses one or the other for a while.
    prefers = chance(block.people.ints("everyone") * 512 + day // 20, "account in use") < 0.5
    ids = pl.DataFrame(
        {
            "first": block.habits["account_id"],
            "second": block.habits["second_account_id"],
            "use_first": first,
            "use_second": second & (prefers | ~first),
        }
    )
    chosen = pl.when("use_second").then("second").when("use_first").then("first")
    return ids.select(chosen.alias("account_id")).to_series()


def _has_changed(block: Block, slot: str, change: str, day: int) -> Flags:
    created = block.ints(f"{slot}_day")
    deleted = (
        block.ints("account_deleted_day") if slot == "account" else np.full(len(created), NEVER)
    )
    if change == "created":
        return (created <= 0) if day == 0 else (created == day)
    lives = (created < day) & (day < deleted) & (created < NEVER)
    everyone = block.people.ints("everyone")
    if change == "mail":
        return lives & (block.people.ints("mail_changed_day") == day) & (slot == "account")
    if change == "moved":
        told = chance(everyone, "tells shop of move") < 0.6
        return lives & (block.people.ints("moved_day") == day) & told
    if change == "renamed":
        told = chance(everyone, "tells shop of name") < 0.5
        return lives & (block.people.ints("renamed_day") == day) & told
    return (deleted == day) & (created < NEVER)


def _records(block: Block, slot: str, change: str, who: Ints, day: int) -> pl.DataFrame:
    everyone = block.people.ints("everyone")[who]
    created = block.ints(f"{slot}_day")[who]
    jitter = np.floor(chance(everyone, f"{slot} {change}") * 9000).astype(np.int64)
    started = block.midnight(0) + created * SECONDS_A_DAY + SECOND_OF_DAY["created"]
    started = started + np.floor(chance(everyone, f"{slot} created") * 9000).astype(np.int64)
    at = block.midnight(day) + SECOND_OF_DAY[change] + jitter
    at = started if change == "created" else at
    known = as_of(
        block.people,
        who,
        np.minimum(created, day) if change == "created" else np.full(len(who), day),
    )
    is_deleted = change == "deleted"
    ids = block.habits[f"{slot}_id"][who]
    columns = _personal_data(block, slot, who, day, known)
    frame = pl.DataFrame({"account_id": ids}).hstack(columns).with_columns(
        created_at=utc_text(started),
        updated_at=utc_text(at),
        is_deleted=pl.lit(is_deleted),
        _key=ids,
        _person=pl.Series(who),
        _version_ms=pl.Series(at * 1000),
    )  # fmt: skip
    if is_deleted:
        erased = pl.when(pl.lit(False)).then(pl.col(*columns.columns))
        frame = frame.with_columns(erased)
    return frame


def _personal_data(
    block: Block, slot: str, who: Ints, day: int, known: pl.DataFrame
) -> pl.DataFrame:
    people, habits = block.people, block.habits
    changed = pl.Series((people.ints("mail_changed_day")[who] <= day) | (slot != "account"))
    latin = habits["writes_latin"][who]
    second_card = pl.Series(block.ints("second_card_day")[who] <= day)
    card = habits["second_card"][who].zip_with(second_card, habits["card"][who])
    address = pl.struct("street", "city", "postal_code", "country")
    return known.with_columns(
        email=block.spelled["work_email"][who].zip_with(changed, block.spelled["email"][who]),
        phone=block.spelled["phone"][who],
        born=date_text(people.ints("birth_day")[who]),
        card=card,
        latin=latin,
        tells_phone=habits["tells_phone"][who],
        tells_birth=habits["tells_birth"][who],
        tells_card=habits["tells_card"][who],
    ).select(
        "email",
        phone=pl.when("tells_phone").then("phone"),
        first_name=pl.when("latin").then("first_latin").otherwise("first_native"),
        last_name=pl.when("latin").then("last_latin").otherwise("last_native"),
        date_of_birth=pl.when("tells_birth").then("born"),
        address=address,
        loyalty_card_number=pl.when("tells_card").then("card"),
    )
