"""The state of one block of people while its days pass, and the records waiting to land.

Here: what one simulated day hands to the next. Not here: what happens on a day (each source's
module), how records become files (``day_files``).
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from customer360.landing.simulate.assortment import Assortment
from customer360.landing.simulate.habits import build_habits
from customer360.landing.simulate.identifiers import written_emails, written_phones
from customer360.landing.simulate.parameters import WorldParameters
from customer360.landing.simulate.people import People, build_people
from customer360.landing.simulate.streams import SECONDS_A_DAY, Flags, Ints, stream

if TYPE_CHECKING:
    from customer360.landing.simulate.marketing import Wave

NOBODY = -1
# The world happens a week at a time: seven times fewer passes over all people and tables. Only
# landing goes by day, so that a world may end on any day.
WEEK_DAYS = 7


@dataclass
class Outbox:
    """Rows of the future, by table (an entity's folder or a truth table) and simulated day."""

    waiting: dict[str, dict[int, list[pl.DataFrame]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    def add(self, table: str, frame: pl.DataFrame, land: Ints) -> None:
        """Let each row of ``frame`` land on its day of ``land``; rows of a day keep their order."""
        if not frame.height:
            return
        order = np.argsort(land, kind="stable")
        days, starts = np.unique(land[order], return_index=True)
        rows = frame if len(days) == 1 else frame[order]
        for day, start, end in zip(days, starts, [*starts[1:], len(land)], strict=True):
            self.waiting[table][int(day)].append(rows.slice(start, end - start))

    def take(self, table: str, day: int) -> pl.DataFrame | None:
        """Return and forget what lands on ``day``, None if nothing does."""
        frames = self.waiting[table].pop(day, [])
        return pl.concat(frames) if frames else None


@dataclass
class Block:
    """One block of people on the way through the simulated days.

    ``left_day`` changes as people are driven away; ``waves`` are the campaigns now running;
    ``spelled`` is how each person writes ``email``, ``work_email`` and ``phone`` in the web shop,
    ``typed`` what the clerk of each contact slot made of them.
    """

    world: WorldParameters
    number: int
    assortment: Assortment
    people: People
    habits: pl.DataFrame
    left_day: Ints
    outbox: Outbox = field(default_factory=Outbox)
    waves: "list[Wave]" = field(default_factory=list)
    spelled: pl.DataFrame = field(default_factory=pl.DataFrame)
    typed: dict[str, pl.DataFrame] = field(default_factory=dict)

    def rng(self, day: int, purpose: str) -> np.random.Generator:
        """Return the stream of one purpose on one day of this block."""
        return stream(self.world.seed, day, self.number, purpose)

    def ints(self, column: str) -> Ints:
        """Return a whole-number column of the habits as an array."""
        return self.habits[column].to_numpy().astype(np.int64)

    def active(self, day: int) -> Flags:
        """Return who is a customer on ``day``: has come and not left."""
        return (self.people.ints("joined_day") <= day) & (day < self.left_day)

    def serials(self, day: int, count: int) -> Ints:
        """Return ``count`` numbers no other week or block has, for ids."""
        return ((day * 4096 + self.number) << 32) + np.arange(count, dtype=np.int64)

    def midnight(self, days: Ints) -> Ints:
        """Return the first second of each day (UTC) since 1970."""
        return (self.world.start_day + days) * SECONDS_A_DAY

    def landing_days(self, seconds: Ints) -> Ints:
        """Return the simulated days of moments; what is older than the world lands first."""
        return np.maximum(seconds // SECONDS_A_DAY - self.world.start_day, 0)


def open_block(world: WorldParameters, number: int, assortment: Assortment) -> Block:
    """Return block ``number`` of the world as it is before the first day."""
    people = build_people(world, number)
    habits = build_habits(world, number, people)
    left_day = people.ints("drop_day").copy()
    block = Block(world, number, assortment, people, habits, left_day)
    block.spelled = _spellings(block)
    return block


def _spellings(block: Block) -> pl.DataFrame:
    rng = block.rng(0, "shop spelling")
    people = block.people.frame
    parts = people.select(dial="phone_dial", trunk="phone_trunk", national="phone_national")
    return pl.DataFrame(
        {
            "email": written_emails(rng, people["email"]),
            "work_email": written_emails(rng, people["work_email"]),
            "phone": written_phones(rng, parts, 0.6),
        }
    )
