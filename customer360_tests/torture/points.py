"""The seeded schedule of disturbances: what goes wrong, and where in the run."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What goes wrong in a run."""

    KILLED_AT_STEP = "run killed at a step boundary"
    KILLED_IN_STEP = "run killed inside a step"
    ENGINE_DIES = "engine killed before a write"
    ENGINE_DIES_IN_DBT = "engine killed while dbt works"
    DISK_FULL = "disk full"
    COMMIT_CONFLICT = "commit that conflicts"
    DBT_KILLED_IN_MODEL = "dbt killed in a model"
    DBT_KILLED_IN_SNAPSHOT = "dbt killed in a snapshot"


@dataclass(frozen=True)
class Point:
    """One disturbance.

    Attributes:
        number: Its place in the schedule, from 0.
        kind: What goes wrong.
        place: Where in the run, from 0 (its first step or write) to 1 (its last).
        delay: Seconds after that place.
    """

    number: int
    kind: Kind
    place: float
    delay: float

    def __str__(self) -> str:
        """For the test's name."""
        return f"{self.number}-{self.kind.replace(' ', '-')}-at-{self.place:.2f}"


def schedule(seed: int, count: int) -> Iterator[Point]:
    """The first points of a schedule; every kind comes once before any comes again."""
    kinds = list(Kind)
    for number in range(count):
        chance = random.Random(f"{seed} {number}")
        yield Point(number, kinds[number % len(kinds)], chance.random(), chance.uniform(0, 0.6))
