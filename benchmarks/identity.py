"""`make bench-identity`: matching and clustering as records grow, beside bare Splink.

Worlds of growing numbers of people are simulated, without faults and for three days, and what
describes people is loaded up to `silver.match_records`; then candidate pairs, scoring and
clustering are measured, engine and files included, each side in a process of its own whose memory
is watched. Beside it two scripts without an engine: Splink that blocks by the same keys (it cannot
leave out a key that too many records share; `--open-blocking`, hours at a million records), and
Splink that is given the same pairs, found by hand-written SQL in DuckDB. Both score with the same
model and cluster at the same threshold.

Then a day: the largest world without 10,000 of its records is matched, they are put back, and the
increment is measured; its tables must be those of the whole run. Prints a line per size and
`exponent …` and `ratio …` lines.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from bare_splink import Clock, bare
from bench import Peak

C360 = Path(sys.executable).parent / "customer360"
DAYS = 3
NEW_RECORDS = 10_000
MEMORY = 8 * 2**30
# Candidate pairs with their scores, and who is one person.
PARTS = ("match", "cluster")
# Neither matched nor clustered, and most of what lands.
LEFT_OUT = ("web", "marketing")


class Measured(NamedTuple):
    """One side: pairs compared, seconds per part, the same of processors, peak memory.

    Processor seconds do not grow with what else the machine does.
    """

    pairs: int
    seconds: dict[str, float]
    processor: dict[str, float]
    peak: int

    @property
    def total(self) -> float:
        """Seconds of the parts that both sides have."""
        return sum(self.seconds[part] for part in PARTS if part in self.seconds)

    @property
    def processor_total(self) -> float:
        """Processor seconds of the parts that both sides have."""
        return sum(self.processor[part] for part in PARTS if part in self.processor)


def prepare(lake: Path, people: int) -> None:
    """Land a world and load it up to the records that are matched."""
    environment = os.environ | {"C360_LAKE": str(lake), "DAGSTER_HOME": str(lake / "_dagster")}
    lake.mkdir(parents=True)
    world = ["--customers", str(people), "--days", str(DAYS), "--seed", "7", "--faults", "none"]

    def customer360(*words: str) -> None:
        subprocess.run([str(C360), *words], env=environment, check=True, stdout=subprocess.DEVNULL)

    customer360("simulate", *world)
    for source in LEFT_OUT:
        shutil.rmtree(lake / "landing" / source)
    customer360("run", "--select", '+key:"silver/match_records"')


def watched(side: str, lake: Path) -> Measured:
    """Measure a side in a process of its own."""
    command = [sys.executable, __file__, "--side", side, "--lake", str(lake)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peak = Peak(process.pid)
    told, _ = process.communicate()
    bytes_ = peak.stop()
    if process.returncode:
        sys.exit(f"{side} failed with exit code {process.returncode}")
    found = json.loads(told.splitlines()[-1])
    return Measured(found["pairs"], found["seconds"], found["processor"], bytes_)


def ours(lake: Path, *, clustered: bool = True) -> dict[str, Any]:
    """Matching and clustering of everything, or of what has changed where the lake knows it."""
    from customer360.identity.contract import CUSTOMER_MATCHES
    from customer360.identity.exchange import open_exchange
    from customer360.identity.gate import Gate
    from customer360.identity.linking import closed
    from customer360.identity.resolve import build_crosswalk, build_links, build_matches
    from customer360.resources.lake import Lake
    from customer360.resources.session import Engine
    from customer360.settings import Settings

    engine = Engine("sail", Lake(str(lake)))
    clock = Clock()
    counts = build_matches(engine)
    clock.part("match")
    if clustered:
        with open_exchange(engine, "benchmark") as exchange:
            closed(engine, exchange, engine.table(CUSTOMER_MATCHES))
        clock.part("cluster")
        # Clusters once more, and what bare Splink has not: ids that last, identifiers with owners,
        # and the customer of every order, receipt and ticket.
        build_crosswalk(engine, Gate(Settings(lake=str(lake)), "benchmark", datetime.now(UTC)))
        build_links(engine)
        clock.part("customers")
    engine.close()
    return {"pairs": counts["candidate_pairs"], **clock.told}


def one_day(lake: Path, whole: Measured) -> None:
    """Match without some records, then with them: what that costs, and whether it ends the same."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from deltalake import write_deltalake

    from customer360.fingerprint import fingerprint
    from customer360.identity.contract import CUSTOMER_LINKS, CUSTOMER_MATCHES, MATCH_RECORDS
    from customer360.resources.lake import Lake
    from customer360.resources.reading import open_reader

    def made() -> list[Any]:
        with open_reader(Lake(str(lake))) as reader:
            return [fingerprint(reader, key) for key in (CUSTOMER_MATCHES, CUSTOMER_LINKS)]

    before = made()
    records = Lake(str(lake)).arrow(MATCH_RECORDS)
    # Every so-manieth, so that they are of all kinds.
    ordered = records.take(pc.sort_indices(records.column("node")))
    step = max(records.num_rows // NEW_RECORDS, 2)
    places = pa.array(range(records.num_rows), pa.int64())
    is_new = pc.equal(pc.subtract(places, pc.multiply(pc.divide(places, step), step)), 0)
    url = Lake(str(lake)).table_url(MATCH_RECORDS)
    write_deltalake(url, ordered.filter(pc.invert(is_new)), mode="overwrite")
    watched("matches", lake)
    write_deltalake(url, ordered, mode="overwrite")
    day = watched("ours", lake)
    print(f"{pc.sum(is_new).as_py():,} new records", told("customer360", day), sep="\n")
    share = day.seconds["match"] / whole.seconds["match"]
    processor = day.processor["match"] / whole.processor["match"]
    print(f"ratio one_day_of_matching {share:.2f}, of processor {processor:.2f}")
    print_ratios("one_day_of_all", day, whole, "target 0.10; clustering is made anew")
    if made() != before:
        sys.exit("the day does not end where the whole run does")


SIDES = {
    "ours": ours,
    "matches": lambda lake: ours(lake, clustered=False),
    "same_pairs": lambda lake: bare(lake, same_pairs=True),
    "open_blocking": lambda lake: bare(lake, same_pairs=False),
}


def told(name: str, side: Measured) -> str:
    """A line about a side."""
    parts = ", ".join(
        f"{part} {seconds:.1f} s ({side.processor[part]:.1f} of processor)"
        for part, seconds in side.seconds.items()
    )
    return f"  {name}: {side.pairs:,} pairs; {parts}; {side.peak / 2**30:.1f} GiB at its peak"


def print_ratios(name: str, here: Measured, there: Measured, target: str) -> None:
    """How many times as much one side needs as another."""
    processor = here.processor_total / there.processor_total
    print(f"ratio {name} {here.total / there.total:.2f}, of processor {processor:.2f} ({target})")
    for part in there.seconds:
        wall = here.seconds[part] / there.seconds[part]
        processor = here.processor[part] / there.processor[part]
        print(f"ratio {name}_{part} {wall:.2f}, of processor {processor:.2f}")


def measure(lake: Path, people: int, *, open_blocking: bool) -> tuple[int, Measured]:
    """One size: how many records it has, and what they cost here."""
    from customer360.identity.contract import MATCH_RECORDS
    from customer360.resources import match_marks
    from customer360.resources.lake import Lake

    if not lake.exists():
        prepare(lake, people)
    match_marks.forget(Lake(str(lake)))
    records = Lake(str(lake)).row_count(MATCH_RECORDS)
    here, same = watched("ours", lake), watched("same_pairs", lake)
    print(f"{records:,} records", told("customer360", here), sep="\n")
    print(told("Splink, same pairs", same))
    print_ratios("to_bare_splink", here, same, "target at most 1.3")
    if open_blocking:
        theirs = watched("open_blocking", lake)
        print(told("Splink, its blocking", theirs))
    print(f"ratio memory_to_8_GiB {here.peak / MEMORY:.2f} (target at most 1)")
    sys.stdout.flush()
    return records, here


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[84_000, 250_000, 840_000])
    parser.add_argument("--open-blocking", type=int, default=100_000, metavar="PEOPLE",
                        help="up to so many people Splink also blocks by itself")  # fmt: skip
    parser.add_argument("--keep", type=Path, help="work in this folder, and keep its worlds")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--lake", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        print(json.dumps(SIDES[options.side](options.lake)))
        return
    sizes = []
    work = options.keep or Path(tempfile.mkdtemp(prefix="customer360-identity-"))
    try:
        for people in options.people:
            lake = work / str(people)
            open_blocking = people <= options.open_blocking
            sizes.append(measure(lake, people, open_blocking=open_blocking))
        (first, least), (last, most) = sizes[0], sizes[-1]
        if len(sizes) > 1:
            growth = math.log(last / first)
            print(f"exponent pairs {math.log(most.pairs / least.pairs) / growth:.2f} (target 1.15)")
            print(f"exponent time {math.log(most.total / least.total) / growth:.2f} (target 1.15)")
        one_day(lake, most)
    finally:
        if options.keep is None:
            shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
