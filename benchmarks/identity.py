"""`make bench-identity`: matching and clustering as records grow, beside a bare Splink script.

Worlds of growing numbers of people are simulated, without faults and for three days, and loaded up
to `silver.match_records`; then candidate pairs, scoring and clustering are measured, engine and
files included. The bare script lets Splink block by the same keys (it cannot leave out a key that
too many records share), score with the same model and cluster at the same threshold, all in DuckDB.
Prints a line per size and `exponent …` and `ratio …` lines.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil

if TYPE_CHECKING:
    import pyarrow as pa

C360 = Path(sys.executable).parent / "customer360"
DAYS = 3


class Measured(NamedTuple):
    """One size: records to match, candidate pairs, seconds, memory after it, the bare script."""

    records: int
    pairs: int
    seconds: float
    bytes_after: int
    bare_pairs: int
    bare_seconds: float


def prepare(lake: Path, people: int) -> None:
    """Land a world and load it up to the records that are matched."""
    environment = os.environ | {"C360_LAKE": str(lake), "DAGSTER_HOME": str(lake / "_dagster")}
    lake.mkdir(parents=True)
    world = ["--customers", str(people), "--days", str(DAYS), "--seed", "7", "--faults", "none"]
    for words in (["simulate", *world], ["run", "--select", '+key:"silver/match_records"']):
        subprocess.run([str(C360), *words], env=environment, check=True, stdout=subprocess.DEVNULL)


def ours(lake: Path) -> tuple[int, float]:
    """Candidate pairs and seconds of matching and clustering, in this process."""
    from customer360.identity.resolve import build_links, build_matches
    from customer360.resources.lake import Lake
    from customer360.resources.session import Engine

    engine = Engine("sail", Lake(str(lake)))
    started = time.monotonic()
    counts = build_matches(engine)
    build_links(engine)
    seconds = time.monotonic() - started
    engine.close()
    return counts["candidate_pairs"], seconds


def bare(records: pa.Table) -> tuple[int, float]:
    """Pairs and seconds of Splink alone."""
    import duckdb
    from splink import DuckDBAPI, Linker

    from customer360.identity.candidates import blocking_rules
    from customer360.identity.match_model import default_model
    from customer360.identity.rules import LINK_WEIGHT

    settings = default_model().settings(records.num_rows) | {
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": rule} for rule in blocking_rules()
        ]
    }
    with duckdb.connect() as connection:
        connection.register("given", records)
        connection.execute("create table match_records as from given")
        database = DuckDBAPI(connection=connection)
        linker = Linker(database.register("match_records"), settings, log_level="ERROR")
        started = time.monotonic()
        predicted = linker.inference.predict(warning_mode="never")
        linker.clustering.cluster_pairwise_predictions_at_threshold(
            predicted, threshold_match_weight=LINK_WEIGHT
        )
        seconds = time.monotonic() - started
        rows = connection.execute(f"select count(*) from {predicted.physical_name}").fetchall()
    return int(rows[0][0]), seconds


def measure(lake: Path, people: int) -> Measured:
    """One size."""
    from customer360.identity.contract import MATCH_RECORDS
    from customer360.resources.lake import Lake

    prepare(lake, people)
    pairs, seconds = ours(lake)
    peak = psutil.Process().memory_info().rss
    records = Lake(str(lake)).arrow(MATCH_RECORDS)
    bare_pairs, bare_seconds = bare(records)
    return Measured(records.num_rows, pairs, seconds, peak, bare_pairs, bare_seconds)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[65_000, 200_000, 650_000])
    options = parser.parse_args()
    found = []
    for people in options.people:
        work = Path(tempfile.mkdtemp(prefix="customer360-identity-"))
        try:
            one = measure(work / "lake", people)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        found.append(one)
        print(
            f"{one.records:>9,} records: {one.pairs:>10,} pairs in {one.seconds:6.1f} s, "
            f"{one.bytes_after / 2**30:4.1f} GiB after it; "
            f"bare Splink {one.bare_pairs:>10,} pairs in {one.bare_seconds:6.1f} s"
        )
        print(f"ratio to_bare_splink {one.seconds / one.bare_seconds:.2f} (target at most 1.3)")
        sys.stdout.flush()
    first, last = found[0], found[-1]
    if len(found) > 1:
        growth = math.log(last.records / first.records)
        print(f"exponent pairs {math.log(last.pairs / first.pairs) / growth:.2f} (target 1.15)")
        print(f"exponent time {math.log(last.seconds / first.seconds) / growth:.2f} (target 1.15)")


if __name__ == "__main__":
    main()
