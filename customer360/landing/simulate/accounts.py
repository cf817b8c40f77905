"""Accounts of the web shop: every version of each, from sign-up to deletion.

Here: ``ecommerce/accounts``, and which account a person signs in with. Not here: orders.
"""

import numpy as np
import polars as pl

from customer360.landing.simulate.block import WEEK_DAYS, Block
from customer360.landing.simulate.formats import ACCOUNTS
from customer360.landing.simulate.people import NEVER, as_of
from customer360.landing.simulate.streams import (
    Ints,
    chance,
    date_text,
    utc_text,
)

SLOTS = ("account", "second_account")
SECOND_OF_DAY = {
    "created": 30_000,
    "mail_changed": 40_000,
    "moved": 50_000,
    "renamed": 60_000,
    "deleted": 75_000,
}
TELLING = {"mail_changed": 1.0, "moved": 0.6, "renamed": 0.5}


def sign_ups_and_changes(block: Block, day: int) -> None:
    """Put the account versions of the week that begins on ``day`` into the outbox.

    The first week brings the first version of every older account on its first day.
    """
    for slot in SLOTS:
        for change in SECOND_OF_DAY:
            turn = _turns(block, slot, change)
            who = np.flatnonzero((turn >= day) & (turn < day + WEEK_DAYS))
            if len(who):
                records = _records(block, slot, change, who, turn[who])
                block.outbox.add(ACCOUNTS.folder, records, turn[who])


def accounts_in_use(block: Block, who: Ints, days: Ints) -> pl.Series:
    """Return the account people ``who`` would sign in with on ``days``, null for those without."""
    first = (block.ints("account_day")[who] <= days) & (
        days < block.ints("account_deleted_day")[who]
    )
    second = block.ints("second_account_day")[who] <= days
    # Who has two accounts uses one or the other for a while.
    everyone = block.people.ints("everyone")[who]
    prefers = chance(everyone * 512 + days // 20, "account in use") < 0.5
    ids = pl.DataFrame(
        {
            "first": block.habits["account_id"][who],
            "second": block.habits["second_account_id"][who],
            "use_first": first,
            "use_second": second & (prefers | ~first),
        }
    )
    chosen = pl.when("use_second").then("second").when("use_first").then("first")
    return ids.select(chosen.alias("account_id")).to_series()


def _turns(block: Block, slot: str, change: str) -> Ints:
    """Return the day of each person's ``change``, ``NEVER`` where it does not come about."""
    created, everyone = block.ints(f"{slot}_day"), block.people.ints("everyone")
    deleted = block.ints(f"{slot}_deleted_day")
    if change == "created":
        return np.maximum(created, 0)
    if change == "deleted":
        return np.where(created < NEVER, deleted, NEVER)
    turn = block.people.ints(f"{change}_day")
    told = chance(everyone, f"tells shop of {change}") < TELLING[change]
    told &= (slot == "account") | (change != "mail_changed")
    return np.where(told & (created < turn) & (turn < deleted), turn, NEVER)


def _records(block: Block, slot: str, change: str, who: Ints, days: Ints) -> pl.DataFrame:
    everyone = block.people.ints("everyone")[who]
    created = block.ints(f"{slot}_day")[who]
    jitter = np.floor(chance(everyone, f"{slot} {change}") * 9000).astype(np.int64)
    started = block.midnight(created) + SECOND_OF_DAY["created"]
    started = started + np.floor(chance(everyone, f"{slot} created") * 9000).astype(np.int64)
    at = block.midnight(days) + SECOND_OF_DAY[change] + jitter
    at = started if change == "created" else at
    ids = block.habits[f"{slot}_id"][who]
    data = _personal_data(block, slot, who, days)
    if change == "deleted":
        data = data.clear(len(who))
    return data.with_columns(
        account_id=ids,
        created_at=utc_text(started),
        updated_at=utc_text(at),
        is_deleted=pl.lit(change == "deleted"),
        _key=ids,
        _person=pl.Series(who),
        _version_ms=pl.Series(at * 1000),
    )


def _personal_data(block: Block, slot: str, who: Ints, days: Ints) -> pl.DataFrame:
    people, habits = block.people, block.habits
    changed = pl.Series((people.ints("mail_changed_day")[who] <= days) | (slot != "account"))
    latin = habits["writes_latin"][who]
    second_card = pl.Series(block.ints("second_card_day")[who] <= days)
    card = habits["second_card"][who].zip_with(second_card, habits["card"][who])
    address = pl.struct("street", "city", "postal_code", "country")
    return (
        as_of(people, who, days)
        .with_columns(
            email=block.spelled["work_email"][who].zip_with(changed, block.spelled["email"][who]),
            phone=block.spelled["phone"][who],
            born=date_text(people.ints("birth_day")[who]),
            card=card,
            latin=latin,
            tells_phone=habits["tells_phone"][who],
            tells_birth=habits["tells_birth"][who],
            tells_card=habits["tells_card"][who],
        )
        .select(
            "email",
            phone=pl.when("tells_phone").then("phone"),
            first_name=pl.when("latin").then("first_latin").otherwise("first_native"),
            last_name=pl.when("latin").then("last_latin").otherwise("last_native"),
            date_of_birth=pl.when("tells_birth").then("born"),
            address=address,
            loyalty_card_number=pl.when("tells_card").then("card"),
        )
    )
