"""How clerks type a customer's data into the CRM: typos, nicknames, old addresses, placeholders.

Here: turning what is true into what was typed. Not here: when a contact changes (``crm``).
"""

import numpy as np
import polars as pl

from customer360.landing.simulate.block import Block
from customer360.landing.simulate.cultures import NON_LATIN
from customer360.landing.simulate.identifiers import (
    PLACEHOLDER_EMAILS,
    PLACEHOLDER_PHONES,
    written_emails,
    written_phones,
)
from customer360.landing.simulate.streams import date_text

TITLES = ("Mr", "Ms", None, None)
MAIL_TYPOS = (
    ("gmail.com", "gmial.com"),
    ("example.com", "exmaple.com"),
    ("mail.example", "mail.exampel"),
)


def typed_identity(block: Block, slot: str) -> pl.DataFrame:
    """Return what the clerk of ``slot`` typed about each person of the block, one row each.

    Columns of three kinds. How names are written: ``latin``, ``uses_short``, ``swapped``,
    ``typo_at`` (position of the slip, -1 if none), ``slips_last``. Values: ``title``, ``email``,
    ``phone``, ``date_of_birth``, ``loyalty_card_number``. Shares in [0, 1): ``address_roll``.
    """
    rng = block.rng(0, f"clerk {slot}")
    people = block.people
    count, head = people.count, people.ints("head")
    non_latin = people.frame["culture"].is_in(list(NON_LATIN)).to_numpy()
    slip = np.where(rng.random(count) < 0.07, rng.integers(1, 5, count), -1)
    return pl.DataFrame(
        {
            "title": pl.Series(TITLES).gather(people.ints("gender") + rng.choice([0, 2], count)),
            "latin": pl.Series(
                np.where(non_latin, rng.random(count) < 0.7, rng.random(count) < 0.1)
            ),
            "uses_short": pl.Series(rng.random(count) < 0.3),
            "swapped": pl.Series(rng.random(count) < 0.025),
            "typo_at": pl.Series(slip),
            "slips_last": pl.Series(rng.random(count) < 0.5),
            "address_roll": pl.Series(rng.random(count)),
            "email": _typed_emails(block, rng, head),
            "phone": _typed_phones(block, rng),
            "date_of_birth": _typed_births(block, rng),
            "loyalty_card_number": _typed_cards(block, rng),
        }
    )


def typed_names(known: pl.DataFrame, typed: pl.DataFrame) -> pl.DataFrame:
    """Return ``first_name`` and ``last_name`` as typed, one row per row of both inputs.

    Args:
        known: true names, from ``people.as_of``.
        typed: the matching rows of ``typed_identity``.
    """
    frame = known.hstack(typed)
    short = pl.when("uses_short").then("first_short")
    first = pl.when("latin").then("first_latin").otherwise(pl.coalesce(short, "first_native"))
    last = pl.when("latin").then("last_latin").otherwise("last_native")
    frame = frame.with_columns(first=first, last=last)
    frame = frame.with_columns(
        first=pl.when(~pl.col("slips_last")).then(_slipped("first")).otherwise("first"),
        last=pl.when("slips_last").then(_slipped("last")).otherwise("last"),
    )
    return frame.select(
        first_name=pl.when("swapped").then("last").otherwise("first"),
        last_name=pl.when("swapped").then("first").otherwise("last"),
    )


def _slipped(column: str) -> pl.Expr:
    name, place = pl.col(column), pl.col("typo_at")
    long_enough = (place > 0) & (name.str.len_chars() > place + 1)
    front = name.str.slice(0, place)
    one, other = name.str.slice(place, 1), name.str.slice(place + 1, 1)
    # Even positions swap two letters, odd ones drop one.
    swapped = pl.concat_str(front, other, one, name.str.slice(place + 2))
    dropped = pl.concat_str(front, name.str.slice(place + 1))
    slipped = pl.when(place % 2 == 0).then(swapped).otherwise(dropped)
    return pl.when(long_enough).then(slipped).otherwise(name)


def _typed_emails(block: Block, rng: np.random.Generator, head: np.ndarray) -> pl.Series:
    frame = block.people.frame
    count = frame.height
    written = written_emails(rng, frame["email"])
    wrong = written
    for right, typo in MAIL_TYPOS:
        wrong = wrong.str.replace(f"@{right}", f"@{typo}", literal=True)
    fake = pl.Series(PLACEHOLDER_EMAILS).gather(rng.integers(0, len(PLACEHOLDER_EMAILS), count))
    roll = pl.Series(rng.random(count))
    choices = pl.DataFrame(
        {"own": written, "wrong": wrong, "work": frame["work_email"], "family": written[head],
         "fake": fake, "roll": roll}
    )  # fmt: skip
    return choices.select(
        pl.when(pl.col("roll") < 0.53)
        .then("own")
        .when(pl.col("roll") < 0.55)
        .then("wrong")
        .when(pl.col("roll") < 0.65)
        .then("work")
        .when(pl.col("roll") < 0.7)
        .then("family")
        .when(pl.col("roll") < 0.74)
        .then("fake")
    ).to_series()


def _typed_phones(block: Block, rng: np.random.Generator) -> pl.Series:
    frame = block.people.frame
    count = frame.height
    own, family = (
        written_phones(
            rng,
            frame.select(
                dial=f"{prefix}_dial", trunk=f"{prefix}_trunk", national=f"{prefix}_national"
            ),
            0.25,
        )
        for prefix in ("phone", "family_phone")
    )
    fake = pl.Series(PLACEHOLDER_PHONES).gather(rng.integers(0, len(PLACEHOLDER_PHONES), count))
    choices = pl.DataFrame(
        {"own": own, "family": family, "fake": fake, "roll": pl.Series(rng.random(count))}
    )
    return choices.select(
        pl.when(pl.col("roll") < 0.52)
        .then("own")
        .when(pl.col("roll") < 0.68)
        .then("family")
        .when(pl.col("roll") < 0.71)
        .then("fake")
    ).to_series()


def _typed_births(block: Block, rng: np.random.Generator) -> pl.Series:
    born = date_text(block.people.ints("birth_day"))
    frame = pl.DataFrame({"born": born, "roll": pl.Series(rng.random(len(born)))})
    year, month, day = (pl.col("born").str.slice(*part) for part in ((0, 4), (5, 2), (8, 2)))
    # Day and month can be swapped only where the result is a date.
    can_swap = day.cast(pl.Int64) <= 12
    swapped = pl.concat_str(year, pl.lit("-"), day, pl.lit("-"), month)
    later = pl.concat_str(
        (year.cast(pl.Int64) + 1).cast(pl.String), pl.lit("-"), month, pl.lit("-01")
    )
    return frame.select(
        pl.when((pl.col("roll") < 0.03) & can_swap)
        .then(swapped)
        .when(pl.col("roll") < 0.05)
        .then(later)
        .when(pl.col("roll") < 0.06)
        .then(pl.lit("1900-01-01"))
        .when(pl.col("roll") < 0.62)
        .then("born")
    ).to_series()


def _typed_cards(block: Block, rng: np.random.Generator) -> pl.Series:
    cards = block.habits.select(
        "card", "borrowed_card", roll=pl.Series(rng.random(block.people.count))
    )
    return cards.select(
        pl.when(pl.col("roll") < 0.6).then(pl.coalesce("card", "borrowed_card"))
    ).to_series()
