"""The people of one block: who they are, where they live, when their lives change.

Here: everything about a person that no system has to know, drawn once from the seed. Not here:
what they own and how they behave (``habits``), what a system notices of them (its module).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from customer360.landing.simulate.cultures import CULTURES, load_names
from customer360.landing.simulate.homes import draw_addresses
from customer360.landing.simulate.identifiers import (
    NUMBERS_PER_PERSON,
    personal_emails,
    phone_parts,
    work_emails,
)
from customer360.landing.simulate.parameters import WorldParameters
from customer360.landing.simulate.places import COUNTRY_CODES
from customer360.landing.simulate.streams import Ints, epoch_day, stream

NEVER = 2**30
HOUSEHOLD_SIZES = (0.42, 0.30, 0.12, 0.11, 0.05)


@dataclass(frozen=True)
class People:
    """The people of one block, one row each; a row's number is the person's number in the block.

    ``frame`` holds names, dates (days counted from the world's start, ``NEVER`` if none) and
    identifiers; ``addresses`` the previous, the present and the next address of each.
    """

    frame: pl.DataFrame
    addresses: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]

    @property
    def count(self) -> int:
        """The number of people."""
        return self.frame.height

    def ints(self, column: str) -> Ints:
        """Return a whole-number column as an array."""
        return self.frame[column].to_numpy().astype(np.int64)


def build_people(world: WorldParameters, block: int) -> People:
    """Return the people of ``block``; they depend on the world and the block alone."""
    count = world.block_people(block)
    rng = stream(world.seed, 0, block, "people")
    everyone = np.arange(count) + block * world.block_size
    head, place = _households(rng, count)
    frame = pl.DataFrame({"everyone": everyone, "head": head, "place": place})
    frame = frame.with_columns(
        person_id="person-" + pl.col("everyone").cast(pl.String).str.zfill(8),
        household_id="household-"
        + (pl.col("head") + block * world.block_size).cast(pl.String).str.zfill(8),
    )
    frame = frame.hstack(_cultures(rng, head, place))
    frame = frame.hstack(_births(rng, world, head, place))
    frame = frame.hstack(_names(rng, frame))
    frame = frame.hstack(_turns_of_life(rng, head, frame))
    frame = frame.hstack(_mail_and_phone(world, block, frame))
    return People(frame, _addresses(rng, frame))


def as_of(people: People, who: Ints, day: Ints) -> pl.DataFrame:
    """Return true names and address of people ``who`` on simulated days ``day``, one row each.

    Columns: first_native, first_latin, first_short, last_native, last_latin, street, city,
    postal_code, country, and the previous address with ``old_`` in front.
    """
    moved = day >= people.ints("moved_day")[who]
    renamed = pl.Series(day >= people.ints("renamed_day")[who])
    old, now, later = (address[who] for address in people.addresses)
    current = _either(moved, later, now)
    before = _either(moved, now, old).rename({name: f"old_{name}" for name in now.columns})
    names = people.frame[who].select(
        "first_native",
        "first_latin",
        "first_short",
        last_native=pl.when(renamed).then("next_native").otherwise("last_native"),
        last_latin=pl.when(renamed).then("next_latin").otherwise("last_latin"),
    )
    return names.hstack(current).hstack(before)


def _either(mask: np.ndarray, yes: pl.DataFrame, no: pl.DataFrame) -> pl.DataFrame:
    flags = pl.Series(mask)
    return pl.DataFrame([yes[name].zip_with(flags, no[name]) for name in yes.columns])


def _households(rng: np.random.Generator, count: int) -> tuple[Ints, Ints]:
    sizes = rng.choice(5, count, p=HOUSEHOLD_SIZES) + 1
    starts = np.concatenate(([0], np.cumsum(sizes)))
    household = np.searchsorted(starts, np.arange(count), side="right") - 1
    head = starts[household]
    return head, np.arange(count) - head


def _cultures(rng: np.random.Generator, head: Ints, place: Ints) -> pl.DataFrame:
    count = len(head)
    weights = [culture.weight for culture in CULTURES]
    own = rng.choice(len(CULTURES), count, p=weights)
    # Families share a culture; one household in eight is a flat shared by strangers.
    is_flat_share = (rng.random(count) < 0.12)[head]
    culture = np.where(is_flat_share, own, own[head])
    country = np.zeros(count, dtype=np.int64)
    roll = rng.random(count)
    for number, spec in enumerate(CULTURES):
        codes = [COUNTRY_CODES.index(code) for code in spec.countries]
        edges = np.cumsum(list(spec.countries.values()))
        picks = np.minimum(np.searchsorted(edges, roll), len(codes) - 1)
        country = np.where(culture == number, np.array(codes)[picks], country)
    gender = rng.integers(0, 2, count)
    partner = place == 1
    opposite = rng.random(count) < 0.9
    gender = np.where(partner & opposite, 1 - gender[head], gender)
    return pl.DataFrame(
        {
            "is_flat_share": is_flat_share,
            "culture_ix": culture,
            "culture": pl.Series([spec.code for spec in CULTURES]).gather(culture),
            "country_ix": country[head],
            "gender": gender,
        }
    )


def _births(
    rng: np.random.Generator, world: WorldParameters, head: Ints, place: Ints
) -> pl.DataFrame:
    count = len(head)
    years = np.clip(rng.normal(47, 15, count), 19, 92)[head]
    partner = np.clip(years + rng.normal(0, 4, count), 19, 92)
    child = np.clip(years - rng.normal(27, 4, count), 18, 60)
    age = np.where(place == 0, years, np.where(place == 1, partner, child))
    born = epoch_day(world.start) - np.floor(age * 365.25).astype(np.int64)
    return pl.DataFrame({"birth_day": born - rng.integers(0, 365, count)})


def _names(rng: np.random.Generator, frame: pl.DataFrame) -> pl.DataFrame:
    names = load_names()
    head, place = frame["head"].to_numpy(), frame["place"].to_numpy()
    culture, gender = frame["culture_ix"].to_numpy(), frame["gender"].to_numpy()
    size = names.first_size[culture, gender]
    # Squared draws make some names much more frequent than others.
    first = names.first_from[culture, gender] + (rng.random(len(size)) ** 2 * size).astype(np.int64)
    namesake = (place >= 2) & (gender == gender[head]) & (culture == culture[head])
    first = np.where(namesake & (rng.random(len(first)) < 0.04), first[head], first)
    last, spare = (
        names.last_from[culture]
        + (rng.random(len(culture)) ** 2 * names.last_size[culture]).astype(np.int64)
        for _ in range(2)
    )
    shares = ~frame["is_flat_share"].to_numpy() & (rng.random(len(last)) < 0.88)
    last = np.where(shares, last[head], last)
    woman = pl.Series(gender == 1)
    given = names.firsts[first]
    columns = {f"first_{name}": given[name] for name in ("native", "latin", "slug", "short")}
    for prefix, row in (("last", last), ("next", spare)):
        family = names.lasts[row]
        for name in ("native", "latin", "slug"):
            columns[f"{prefix}_{name}"] = family[f"{name}_f"].zip_with(woman, family[name])
    return pl.DataFrame(columns)


def _turns_of_life(rng: np.random.Generator, head: Ints, frame: pl.DataFrame) -> pl.DataFrame:
    count = len(head)
    known = rng.random(count) < 0.78
    before = -1 - np.floor(rng.exponential(400, count)).astype(np.int64)
    joined = np.where(known, before, np.floor(rng.exponential(150, count)).astype(np.int64))
    drop = joined + np.floor(2200 * rng.pareto(1.6, count)).astype(np.int64) + 1
    together = (rng.random(count) < 0.6)[head] & ~frame["is_flat_share"].to_numpy()
    alone = np.floor(rng.exponential(3500, count)).astype(np.int64)
    moved = np.where(together, alone[head], alone)
    years_between = np.where(frame["gender"].to_numpy() == 1, 3500, 20000)
    renamed = np.floor(rng.exponential(1.0, count) * years_between).astype(np.int64)
    return pl.DataFrame(
        {
            "joined_day": joined,
            "drop_day": np.minimum(drop, NEVER),
            "moves_together": together,
            "moved_day": moved,
            "renamed_day": renamed,
            "mail_changed_day": np.floor(rng.exponential(2500, count)).astype(np.int64),
        }
    )


def _mail_and_phone(world: WorldParameters, block: int, frame: pl.DataFrame) -> pl.DataFrame:
    rng = stream(world.seed, 0, block, "identifiers")
    everyone = frame["everyone"].to_numpy()
    slugs = frame.select(
        first=pl.when(pl.col("first_slug") == "").then(pl.lit("me")).otherwise("first_slug"),
        last=pl.when(pl.col("last_slug") == "").then(pl.lit("mail")).otherwise("last_slug"),
    )
    country, cultures = frame["country_ix"].to_numpy(), frame["culture"].to_list()
    columns = {
        "email": personal_emails(rng, slugs, everyone, block),
        "work_email": work_emails(slugs, rng, block),
    }
    for slot, prefix in enumerate(("phone", "family_phone")):
        owner = everyone if slot == 0 else frame["head"].to_numpy() + everyone[0]
        number = owner * NUMBERS_PER_PERSON + slot
        parts = phone_parts(rng, country, cultures, number, world.seed)
        if slot == 1:
            parts = parts[frame["head"].to_numpy()]
        columns |= {f"{prefix}_{name}": parts[name] for name in parts.columns}
    return pl.DataFrame(columns)


def _addresses(
    rng: np.random.Generator, frame: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    head, country = frame["head"].to_numpy(), frame["country_ix"].to_numpy()
    together = pl.Series(frame["moves_together"].to_numpy())
    old, now, later = (draw_addresses(rng, country) for _ in range(3))
    shared_later = later[head]
    return old[head], now[head], _either(together.to_numpy(), shared_later, later)
