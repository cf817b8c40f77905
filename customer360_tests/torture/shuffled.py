"""One world loaded in order and loaded shuffled, with repeated days and killed runs: the same lake.

    python -m customer360_tests.torture.shuffled --customers 20000 --days 60 --seed 7

Real commands on real files. Every day is a run of its own, every fifth day is loaded twice, some
runs are killed and started again. Prints what it did and exits 1 if the lakes differ, modulo a
one-to-one renaming of customers, or differ from the simulator's truth.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from customer360.fingerprint import differences, fingerprints
from customer360.resources.lake import Lake
from customer360_tests.commands import Command, customer360

START = date(2026, 1, 1)
# For one command, at any size that a machine of two cores is given.
_PATIENCE_SECONDS = 3600


@dataclass(frozen=True)
class Load:
    """One run over one day.

    Attributes:
        day: The landing day.
        killed_after: Part of the run after which it is killed and started again; None: never.
    """

    day: date
    killed_after: float | None = None


def plan(days: int, kills: int, seed: int) -> list[Load]:
    """Every day once and every fifth day twice, shuffled; some of the runs are killed."""
    chance = random.Random(seed)
    every = [START + timedelta(days=number) for number in range(days)]
    order = every + every[::5]
    chance.shuffle(order)
    killed = chance.sample(range(len(order)), kills)
    return [
        Load(day, chance.uniform(0.1, 0.9) if number in killed else None)
        for number, day in enumerate(order)
    ]


@dataclass
class Campaign:
    """The two lakes of one comparison.

    Attributes:
        folder: Holds both lakes, their Dagster homes and what the commands said.
        world: Options of the simulator.
    """

    folder: Path
    world: Sequence[str]

    @property
    def in_order(self) -> Lake:
        """The lake that one run loads."""
        return Lake(f"{self.folder}/in-order/lake")

    @property
    def shuffled(self) -> Lake:
        """The lake that is loaded day by day."""
        return Lake(f"{self.folder}/shuffled/lake")

    def land(self) -> None:
        """Simulate the world, and copy its files with their times."""
        for lake in (self.in_order, self.shuffled):
            Path(lake.url).mkdir(parents=True)
        self._run(self.in_order, "simulate", *self.world)
        for part in ("landing", "truth"):
            source, target = (f"{lake.url}/{part}" for lake in (self.in_order, self.shuffled))
            shutil.copytree(source, target, copy_function=shutil.copy2)

    def load(self, loads: Sequence[Load]) -> list[str]:
        """Load both lakes; returns in what they differ."""
        self._run(self.in_order, "run")
        seconds = 0.0
        for number, load in enumerate(loads, start=1):
            killed = "" if load.killed_after is None else ", killed and started again"
            line = f"load {number} of {len(loads)}: {load.day}{killed}\n"
            sys.stdout.write(line)
            sys.stdout.flush()
            words = ("run", "--from", str(load.day), "--to", str(load.day))
            if load.killed_after is not None:
                self._kill(self.shuffled, seconds * load.killed_after, *words)
            started = time.monotonic()
            self._run(self.shuffled, *words)
            seconds = time.monotonic() - started
        self._run(self.shuffled, "run")
        one, other = (fingerprints(m, modulo_ids=True) for m in (self.in_order, self.shuffled))
        return differences(one, other)

    def verify(self) -> None:
        """Compare the shuffled lake with the simulator's truth; fails where it differs."""
        self._run(self.shuffled, "verify")

    def _run(self, lake: Lake, *words: str) -> None:
        with contextlib.closing(self._command(lake, *words)) as command:
            command.ended()

    def _kill(self, lake: Lake, seconds: float, *words: str) -> None:
        with contextlib.closing(self._command(lake, *words)) as command:
            time.sleep(seconds)
            command.process.kill()
            command.code()

    def _command(self, lake: Lake, *words: str) -> Command:
        home = {"DAGSTER_HOME": str(Path(lake.url).parent / "dagster")}
        name = "-".join((*words, str(time.monotonic_ns())))
        return Command(lake, name.replace("--", ""), customer360(*words), home, _PATIENCE_SECONDS)


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="work in this folder and keep it")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="customer360-shuffled-"))
    os.environ["TZ"] = "UTC"
    world = [
        "--customers", str(options.customers), "--days", str(options.days),
        "--seed", str(options.seed), "--faults", "high",
    ]  # fmt: skip
    campaign, loads = Campaign(folder, world), plan(options.days, options.kills, options.seed)
    try:
        campaign.land()
        found = campaign.load(loads)
        campaign.verify()
    finally:
        if options.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    killed = sum(load.killed_after is not None for load in loads)
    sys.stdout.write(
        f"{options.days} days in {len(loads)} loads, {killed} of them killed: "
        f"{len(found)} differences\n" + "".join(f"  {line}\n" for line in found)
    )
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
