"""The whole graph on the embedded engine and on Apache Spark, at any size and for several seeds.

    python -m customer360_tests.stack.parity --customers 20000 --days 60 --seeds 1 2 3

Real commands on the same landing files, two runs each: all days but the last two, then those.
Prints a line per table, and exits 1 if one differs. `make test-all` does the same with a small
world.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from customer360.fingerprint import fingerprints, table_differences
from customer360.resources.lake import Lake
from customer360_tests.commands import Command, customer360

_START = date(2026, 1, 1)
_ENGINES = ("sail", "spark")
_PATIENCE_SECONDS = 4 * 3600


def _run(lake: Lake, engine: str, *words: str) -> float:
    """Run a command on a lake with an engine; returns its seconds."""
    home = Path(lake.url).parent
    variables = {"C360_ENGINE": engine, "DAGSTER_HOME": str(home / "dagster")}
    started = time.monotonic()
    command = Command(lake, words[0], customer360(*words), variables, _PATIENCE_SECONDS)
    with contextlib.closing(command):
        command.ended()
    return time.monotonic() - started


def compare(folder: Path, customers: int, days: int, seed: int) -> Iterator[tuple[str, int, str]]:
    """Table, rows and what differs, for every table that is compared."""
    lakes = {engine: Lake(f"{folder}/{engine}/lake") for engine in _ENGINES}
    for lake in lakes.values():
        Path(lake.url).mkdir(parents=True)
    sail, spark = lakes.values()
    _run(sail, "sail", "simulate", "--customers", str(customers), "--days", str(days),
         "--seed", str(seed), "--faults", "high")  # fmt: skip
    shutil.copytree(sail.landing, spark.landing, copy_function=shutil.copy2)
    first, last = _START, _START + timedelta(days=days - 1)
    for engine, lake in lakes.items():
        for since, until in ((first, last - timedelta(days=2)), (last - timedelta(days=1), last)):
            seconds = _run(lake, engine, "run", "--from", str(since), "--to", str(until))
            sys.stdout.write(f"seed {seed}, {engine}, {since} to {until}: {seconds:.0f} s\n")
    here, there = fingerprints(sail), fingerprints(spark)
    for key in sorted({*here, *there}):
        one, other = here.get(key), there.get(key)
        known = one or other
        if known is not None and not known.left_out:
            yield key.sql, known.rows, "; ".join(table_differences(one, other))


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    options = parser.parse_args()
    os.environ["TZ"] = "UTC"
    tables = differing = 0
    for seed in options.seeds:
        folder = Path(tempfile.mkdtemp(prefix="customer360-parity-"))
        try:
            for name, rows, found in compare(folder, options.customers, options.days, seed):
                tables, differing = tables + 1, differing + bool(found)
                sys.stdout.write(f"seed {seed} {name:<45} {rows:>10} {found or 'equal'}\n")
                sys.stdout.flush()
        finally:
            shutil.rmtree(folder)
    sys.stdout.write(f"{tables} tables of {len(options.seeds)} worlds, {differing} differ\n")
    sys.exit(1 if differing or not tables else 0)


if __name__ == "__main__":
    main()
