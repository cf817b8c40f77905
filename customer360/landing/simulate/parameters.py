"""What a world is made from, and the note that keeps two worlds out of one landing folder.

Here: the parameters, the levels of faults, ``_world.json``. Not here: anything that is drawn.
"""

import json
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from enum import StrEnum

from upath import UPath

from customer360.landing.deliver import write_whole
from customer360.landing.simulate.streams import epoch_day

WORLD_NOTE = "_world.json"
MAX_CUSTOMERS = 3_000_000
DEFAULT_START = date(2026, 1, 1)


class FaultLevel(StrEnum):
    """How many faults the source systems make on the way to the landing folder."""

    NONE = "none"
    LOW = "low"
    HIGH = "high"


@dataclass(frozen=True)
class WorldParameters:
    """Everything that decides the bytes of a world, except how many days of it are wanted."""

    customers: int
    seed: int
    start: date
    faults: FaultLevel
    block_size: int

    @property
    def start_day(self) -> int:
        """The first simulated day, in days since 1970."""
        return epoch_day(self.start)

    @property
    def blocks(self) -> int:
        """The number of blocks of people; each block lands files of its own."""
        return -(-self.customers // self.block_size)

    def block_people(self, block: int) -> int:
        """Return how many people live in ``block``."""
        return min(self.block_size, self.customers - block * self.block_size)

    def on(self, day: int) -> date:
        """Return the date of simulated day ``day`` (0 is the first)."""
        return self.start + timedelta(days=day)

    def check(self, days: int) -> None:
        """Refuse parameters no world can be made from.

        Raises:
            ValueError: naming every parameter that is out of range.
        """
        problems = []
        if not 1 <= self.customers <= MAX_CUSTOMERS:
            problems.append(f"customers={self.customers}, expected 1 to {MAX_CUSTOMERS}")
        if days < 1:
            problems.append(f"days={days}, expected at least 1")
        if self.seed < 0:
            problems.append(f"seed={self.seed}, expected 0 or more")
        if self.start.year < 2000:
            problems.append(f"start={self.start}, expected 2000-01-01 or later")
        if problems:
            raise ValueError(f"cannot simulate: {'; '.join(problems)}; change these parameters")

    def as_json(self, days: int) -> dict[str, object]:
        """Return what ``_world.json`` holds for ``days`` simulated days."""
        values = asdict(self) | {"start": self.start.isoformat(), "faults": self.faults.value}
        return values | {"days": days}


def read_days(landing: UPath, truth: UPath, wanted: WorldParameters) -> int | None:
    """Return the days already simulated there with the same parameters, None for a fresh place.

    Raises:
        ValueError: another world lives there, or the landing folder holds files of unknown origin.
    """
    note = truth / WORLD_NOTE
    if not note.exists():
        _refuse_foreign_files(landing, note)
        return None
    found = json.loads(note.read_text(encoding="utf-8"))
    days = int(found["days"])
    expected = wanted.as_json(days)
    different = [
        f"{name}={found.get(name)} (asked for {value})"
        for name, value in expected.items()
        if found.get(name) != value
    ]
    if different:
        raise ValueError(
            f"{truth} describes another world: found {', '.join(different)}; expected the same"
            f" parameters; simulate into empty folders, or delete {landing} and {truth} together"
        )
    return days


def write_days(truth: UPath, parameters: WorldParameters, days: int) -> None:
    """Note in the truth folder that ``days`` days of this world are complete."""
    note = json.dumps(parameters.as_json(days), indent=1) + "\n"
    write_whole(truth / WORLD_NOTE, note.encode())


def _refuse_foreign_files(landing: UPath, note: UPath) -> None:
    found = next(iter(landing.glob("*/*/dt=*/*")), None) if landing.exists() else None
    if found is not None:
        raise ValueError(
            f"{landing} holds files of unknown origin: found {found} without {note}; expected an"
            " empty landing folder or the truth folder of its world; choose empty folders"
        )
