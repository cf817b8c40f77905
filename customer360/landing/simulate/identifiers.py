"""E-mail addresses and phone numbers, and the many ways in which people write them.

Here: making them unique per person, and their spellings. Not here: which system is told which one.
"""

import numpy as np
import polars as pl

from customer360.landing.simulate.places import COUNTRIES, HOME_NUMBERS
from customer360.landing.simulate.streams import Ints, permuted

GMAIL = "gmail.com"
DOMAINS = (
    GMAIL, "mail.example", "post.example", "inbox.example", "example.com", "example.org",
    "fastmail.example", "web-mail.example", "home.example", "example.net",
)  # fmt: skip
DOMAIN_WEIGHTS = (0.34, 0.14, 0.12, 0.1, 0.08, 0.06, 0.06, 0.05, 0.03, 0.02)
WORK_DOMAINS = ("acme-werke.example", "nordlicht.example", "atelier-dupont.example",
                "obras-sur.example", "krakdata.example", "agora.example")  # fmt: skip
PLACEHOLDER_EMAILS = ("none@none.com", "noemail@example.com", "x@x.xx")
PLACEHOLDER_PHONES = ("000000000", "123456789", "1111111111")
NUMBERS_PER_PERSON = 3


def personal_emails(
    rng: np.random.Generator, slugs: pl.DataFrame, unique: Ints, block: int
) -> pl.Series:
    """Return one address per person, no two of which reach the same mailbox.

    Args:
        rng: the stream to draw styles from.
        slugs: columns ``first`` and ``last``, in lower-case ASCII letters.
        unique: a number of its own for each person of the whole world.
        block: the block of people; later blocks have domains of their own.
    """
    count = len(unique)
    domain = rng.choice(len(DOMAINS), count, p=DOMAIN_WEIGHTS)
    frame = slugs.with_columns(
        style=pl.Series(rng.integers(0, 4, count)),
        year=pl.Series(rng.integers(50, 99, count)).cast(pl.String),
        number=pl.Series(permuted(unique, "mailbox", 8)).cast(pl.String).str.zfill(8),
        domain=pl.Series(DOMAINS).gather(domain),
    )
    style = pl.col("style")
    local = (
        pl.when(pl.col("domain") == GMAIL)
        .then(pl.concat_str("first", pl.lit("."), "last", "number"))
        .when(style == 0)
        .then(pl.concat_str("first", pl.lit("."), "last"))
        .when(style == 1)
        .then(pl.concat_str(pl.col("first").str.slice(0, 1), pl.lit("."), "last", "year"))
        .when(style == 2)
        .then(pl.concat_str("last", pl.lit("."), "first"))
        .otherwise(pl.concat_str("first", "last", "year"))
    )
    return _made_unique(frame.select("domain", local=local), block)


def work_emails(slugs: pl.DataFrame, rng: np.random.Generator, block: int) -> pl.Series:
    """Return one address at an employer per person, unique like the personal ones."""
    employer = rng.integers(0, len(WORK_DOMAINS), slugs.height)
    local = pl.concat_str(pl.col("first").str.slice(0, 1), "last")
    frame = slugs.select(local=local, domain=pl.Series(WORK_DOMAINS).gather(employer))
    return _made_unique(frame, block)


def _made_unique(frame: pl.DataFrame, block: int) -> pl.Series:
    # "_2" never occurs in a style above, and a later block never shares a domain but gmail.com,
    # where the local part carries the person's own number.
    repeat = pl.int_range(pl.len()).over("domain", "local")
    suffix = pl.when(repeat > 0).then("_" + (repeat + 1).cast(pl.String)).otherwise(pl.lit(""))
    own = pl.lit("" if block == 0 else f"b{block}.")
    domain = (
        pl.when(pl.col("domain") == GMAIL)
        .then(pl.col("domain"))
        .otherwise(pl.concat_str(own, "domain"))
    )
    return frame.select(email=pl.concat_str("local", suffix, pl.lit("@"), domain)).to_series()


def written_emails(rng: np.random.Generator, emails: pl.Series) -> pl.Series:
    """Return the same mailboxes as their owners type them: case, dots, tags, googlemail.com."""
    frame = emails.rename("email").to_frame().with_columns(roll=pl.Series(rng.random(len(emails))))
    email, roll = pl.col("email"), pl.col("roll")
    local = email.str.split("@").list.first()
    at_gmail = email.str.ends_with("@" + GMAIL)
    written = (
        pl.when(at_gmail & (roll < 0.08))
        .then(pl.concat_str(local.str.replace_all(".", "", literal=True), pl.lit("@gmail.com")))
        .when(at_gmail & (roll < 0.14))
        .then(pl.concat_str(local, pl.lit("+shop@gmail.com")))
        .when(at_gmail & (roll < 0.2))
        .then(pl.concat_str(local, pl.lit("@googlemail.com")))
        .when(roll > 0.97)
        .then(email.str.to_uppercase())
        .when(roll > 0.93)
        .then(email.str.slice(0, 1).str.to_uppercase() + email.str.slice(1))
        .otherwise(email)
    )
    return frame.select(email=written).to_series()


def phone_parts(
    rng: np.random.Generator, country: Ints, cultures: list[str], numbers: Ints, seed: int
) -> pl.DataFrame:
    """Return ``dial``, ``trunk``, ``national`` of one mobile number per entry, all distinct.

    Args:
        rng: the stream to draw prefixes from.
        country: positions in ``COUNTRIES``.
        cultures: culture codes; some people keep a number of their home country.
        numbers: numbers of their own below ten million.
        seed: the world's seed; other worlds have other numbers.
    """
    plans = [(c.dial, c.trunk, c.mobile_prefixes) for c in COUNTRIES]
    homes = {code: len(plans) + place for place, code in enumerate(HOME_NUMBERS)}
    plans += list(HOME_NUMBERS.values())
    abroad = np.array([homes.get(code, -1) for code in cultures])
    keeps = (abroad >= 0) & (rng.random(len(country)) < 0.15)
    plan = np.where(keeps, abroad, country)
    widest = max(len(prefixes) for _, _, prefixes in plans)
    table = [prefixes[i % len(prefixes)] for _, _, prefixes in plans for i in range(widest)]
    prefix = pl.Series(table).gather(plan * widest + rng.integers(0, widest, len(plan)))
    rest = pl.Series(permuted(numbers, f"{seed} phone", 7)).cast(pl.String).str.zfill(7)
    return pl.DataFrame(
        {
            "dial": pl.Series([dial for dial, _, _ in plans]).gather(plan),
            "trunk": pl.Series([trunk for _, trunk, _ in plans]).gather(plan),
            "national": prefix + rest,
        }
    )


def written_phones(rng: np.random.Generator, parts: pl.DataFrame, neat_share: float) -> pl.Series:
    """Return numbers as written: E.164 for ``neat_share``, else with spaces, 00 or trunk."""
    roll = pl.Series(rng.random(parts.height))
    frame = parts.with_columns(roll=roll)
    dial, national, trunk = pl.col("dial"), pl.col("national"), pl.col("trunk")
    other = (pl.col("roll") - neat_share) / max(1e-9, 1 - neat_share)
    spaced = pl.concat_str(
        national.str.slice(0, 3), pl.lit(" "), national.str.slice(3, 3), pl.lit(" "),
        national.str.slice(6),
    )  # fmt: skip
    written = (
        pl.when(other < 0)
        .then(pl.concat_str(pl.lit("+"), dial, national))
        .when(other < 0.4)
        .then(pl.concat_str(trunk, national))
        .when(other < 0.6)
        .then(pl.concat_str(pl.lit("+"), dial, pl.lit(" "), spaced))
        .when(other < 0.75)
        .then(pl.concat_str(pl.lit("00"), dial, national))
        .otherwise(pl.concat_str(trunk, spaced))
    )
    return frame.select(phone=written).to_series()
