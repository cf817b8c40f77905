"""`make bench-graph`: the graph against a hand-written DuckDB script on the same files, in one run.

Prints a line `ratio …` for each figure: engine time and all-in time of two whole chains, the cost
of one more day, memory, how memory grows, and Apache Spark against the embedded engine per layer
(left out with --no-spark, as it needs Java). Timings are ratios measured here and now, never
assertions in a test.

The world is simulated without faults, because the DuckDB script has no quarantine; both sides must
give equal rows, or the benchmark fails.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
import psutil

ROOT = Path(__file__).resolve().parent.parent
C360 = Path(sys.executable).parent / "customer360"
DUCKDB_MEMORY = "4GB"
# Looks at the memory of gigabytes take long and disturb what is measured; nobody looks at DuckDB's.
LOOKING_SHARE = 0.05
CHAIN_STEPS = ("web__events", "pos__receipts", "pos__receipt_lines")
CHAIN_MODELS = ("fct_web_sessions", "fct_orders")
# The two chains and what they stand on: all of bronze, silver and identity, two marts of gold.
CHAIN_SELECTION = " or ".join(f'+key:"gold/{model}"' for model in CHAIN_MODELS)


@dataclass
class Measured:
    """One command: wall seconds, peak memory of the process tree, and what it reported."""

    seconds: float
    peak_bytes: int
    steps: dict[str, float]
    models: dict[str, float]
    layers: dict[str, float]
    dbt_start: float

    @property
    def engine_seconds(self) -> float:
        """Seconds inside steps, without dbt's start."""
        return sum(self.steps.values()) - self.dbt_start


def customer360(lake: Path, *arguments: str, engine: str = "sail") -> Measured:
    """Run the command on a lake with an engine, watching its memory."""
    report = lake / "_report.json"
    report.unlink(missing_ok=True)
    environment = os.environ | {
        "C360_LAKE": str(lake),
        "C360_ENGINE": engine,
        "DAGSTER_HOME": str(lake / "_dagster"),
    }
    extra = ["--report", str(report)] if arguments[0] == "run" else []
    started = time.monotonic()
    process = subprocess.Popen(
        [str(C360), *arguments, *extra], env=environment, stdout=subprocess.DEVNULL
    )
    peak = Peak(process.pid)
    code = process.wait()
    seconds = time.monotonic() - started
    if code:
        sys.exit(f"customer360 {' '.join(arguments)} failed with exit code {code}")
    told = json.loads(report.read_text()) if report.exists() else {}
    told = {"steps": {}, "models": {}, "layers": {}, "dbt_start": 0.0} | told
    return Measured(seconds, peak.stop(), **told)


class Peak:
    """Samples the memory of a process tree."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._stop = threading.Event()
        self._peak = 0
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        took = 0.0
        while not self._stop.wait(max(0.2, took / LOOKING_SHARE)):
            started = time.monotonic()
            with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                command = self._root.cmdline()
                # Between vfork and exec a child shows the memory of its parent as its own.
                children = self._root.children(recursive=True)
                tree = [self._root, *(p for p in children if p.cmdline() != command)]
                # Proportional: what processes share counts once.
                self._peak = max(self._peak, sum(p.memory_full_info().pss for p in tree))
            took = time.monotonic() - started

    def stop(self) -> int:
        """The largest sum of the tree's memory that was seen, in bytes."""
        self._stop.set()
        self._thread.join()
        return self._peak


def duckdb_chains(landing: Path, out: Path) -> dict[str, float]:
    """Run chains.sql; seconds per step."""
    out.mkdir(parents=True, exist_ok=True)
    script = (ROOT / "benchmarks" / "chains.sql").read_text()
    seconds: dict[str, float] = {}
    with duckdb.connect(
        config={"memory_limit": DUCKDB_MEMORY, "threads": os.cpu_count()}
    ) as connection:
        connection.execute("set timezone = 'UTC'")
        for part in script.split("-- step: ")[1:]:
            name, _, sql = part.partition("\n")
            started = time.monotonic()
            connection.execute(sql.replace("{landing}", str(landing)).replace("{out}", str(out)))
            seconds[name.strip()] = time.monotonic() - started
    return seconds


def differing_rows(lake: Path, out: Path) -> dict[str, int]:
    """Rows in which the two sides differ, per mart, over the columns that the script makes."""
    from deltalake import DeltaTable

    found = {}
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        for mart, where in (("fct_web_sessions", "true"), ("fct_orders", "channel = 'store'")):
            theirs = connection.sql(f"select * from '{out}/{mart}.parquet'")
            columns = ", ".join(theirs.columns)
            connection.register("ours", DeltaTable(str(lake / "gold" / mart)).to_pyarrow_dataset())
            ours = f"select {columns} from ours where {where}"
            query = (
                f"select (select count(*) from ({ours} except all select * from theirs)) + "
                f"(select count(*) from (select * from theirs except all {ours}))"
            )
            connection.register("theirs", theirs.to_arrow_table())
            rows = connection.sql(query).fetchall()
            found[mart] = int(rows[0][0])
    return found


def chain_seconds_by_layer(run: Measured) -> dict[str, float]:
    """Seconds of the steps and models of the two chains, per layer."""
    layers = {"bronze": 0.0, "silver": 0.0, "gold": 0.0}
    for step, seconds in run.steps.items():
        layer, _, table = step.partition("_")
        if table.lstrip("_") in CHAIN_STEPS:
            layers[layer] += seconds
    layers["gold"] = sum(run.models.get(model, 0.0) for model in CHAIN_MODELS)
    return layers


def chain_lake(full: Path, chain: Path) -> Path:
    """A lake where only the files of the two chains have landed; all else is empty."""
    for table in CHAIN_STEPS:
        folder = Path("landing", *table.split("__", 1))
        shutil.copytree(full / folder, chain / folder, copy_function=os.link)
    return chain


def print_engines(landed: Path, ours: Measured, work: Path) -> None:
    """Load the same files on Apache Spark; ratio to the embedded engine per layer."""
    lake = work / "spark"
    shutil.copytree(landed / "landing", lake / "landing", copy_function=os.link)
    spark = customer360(lake, "run", engine="spark")
    for layer, seconds in ours.layers.items():
        there = spark.layers[layer]
        print(f"{layer:<10} embedded {seconds:6.1f} s   spark {there:6.1f} s")
        print(f"ratio spark_to_embedded_{layer} {there / seconds:.2f}")
    print(f"ratio spark_to_embedded_all_in {spark.seconds / ours.seconds:.2f}")


def simulate(lake: Path, customers: int, days: int) -> None:
    """Land a world without faults."""
    lake.mkdir(parents=True, exist_ok=True)
    options = {
        "--customers": str(customers),
        "--days": str(days),
        "--seed": "7",
        "--faults": "none",
    }
    customer360(lake, "simulate", *(part for pair in options.items() for part in pair))


def landed_records(lake: Path) -> dict[str, int]:
    """Records that landed, from the loads table."""
    from deltalake import DeltaTable

    rows = (
        DeltaTable(str(lake / "ops" / "loads"))
        .to_pyarrow_table(columns=["entity", "records"])
        .to_pylist()
    )
    totals: dict[str, int] = {}
    for row in rows:
        totals[row["entity"]] = totals.get(row["entity"], 0) + row["records"]
    return totals


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=106_000)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--keep", type=Path, help="work in this folder and keep it")
    parser.add_argument(
        "--no-spark", dest="spark", action="store_false", help="leave Apache Spark out"
    )
    options = parser.parse_args()
    work = options.keep or Path(tempfile.mkdtemp(prefix="customer360-bench-"))
    try:
        measure(work, options.customers, options.days, with_spark=options.spark)
    finally:
        if options.keep is None:
            shutil.rmtree(work, ignore_errors=True)


def measure(work: Path, customers: int, days: int, *, with_spark: bool) -> None:
    """All figures, smallest world first."""
    half, full = work / "half", work / "full"
    simulate(half, customers // 2, days)
    small = customer360(half, "run")
    if with_spark:
        print_engines(half, small, work)
    simulate(full, customers, days)
    run = customer360(full, "run")
    records = landed_records(full)
    total, events = sum(records.values()), records.get("web__events", 0)
    print(
        f"landed {total:,} records, {events:,} of them web events; "
        f"{customers:,} people, {days} days"
    )
    print(f"whole graph {run.seconds:.0f} s wall, {run.engine_seconds:.0f} s of engine time")

    chains = customer360(chain_lake(full, work / "chain"), "run", "--select", CHAIN_SELECTION)
    theirs = duckdb_chains(full / "landing", work / "duckdb")
    differing = differing_rows(full, work / "duckdb")
    print(f"rows that differ between both: {differing}")
    ours = chain_seconds_by_layer(chains)
    for layer, seconds in ours.items():
        duck = sum(s for name, s in theirs.items() if name.startswith(layer))
        print(f"{layer:<8} customer360 {seconds:6.1f} s   duckdb {duck:6.1f} s")
    duck_total = sum(theirs.values())
    print(f"both chains {chains.seconds:.0f} s wall, {chains.engine_seconds:.0f} s of engine time")
    print(f"ratio engine_time {sum(ours.values()) / duck_total:.2f} (target at most 2)")
    print(f"ratio all_in {chains.seconds / duck_total:.2f} (target at most 3.5)")

    simulate(full, customers, days + 1)
    added = customer360(full, "run")
    share = added.engine_seconds / run.engine_seconds
    print(f"ratio one_day_more {share:.2f} (target at most 0.30)")
    print(f"ratio one_day_more_all_in {added.seconds / run.seconds:.2f}")
    print(
        f"ratio memory_twice_the_rows {run.peak_bytes / small.peak_bytes:.2f} (target at most 1.8)"
    )
    print(f"ratio memory_peak_to_4_GiB {run.peak_bytes / 2**32:.2f} (target at most 1)")
    if any(differing.values()):
        sys.exit("the two sides differ")


if __name__ == "__main__":
    main()
