"""`make bench-quality`: how well identity finds who is who, on worlds whose truth is known.

Worlds of 20,000 customers and 60 days with all faults are simulated and loaded up to households,
one per seed, and compared with the truth, by what `customer360 verify` prints. Beside it the first
version: whoever carries an equal identifier is one person, and nothing else is.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from customer360.checks.identity_truth import Agreement, expect_persons, households, people
from customer360.identity.contract import CUSTOMER_IDENTIFIERS
from customer360.identity.rules import BROWSERS, LINKING_TYPES
from customer360.resources.lake import Lake
from customer360.resources.reading import Reader, open_reader
from customer360.sources import SOURCES

if TYPE_CHECKING:
    import pyarrow as pa

C360 = Path(sys.executable).parent / "customer360"


def prepare(lake: Path, customers: int, days: int, seed: int) -> None:
    """Land a world and load it up to households."""
    environment = os.environ | {"C360_LAKE": str(lake), "DAGSTER_HOME": str(lake / "_dagster")}
    lake.mkdir(parents=True)
    world = ["--customers", str(customers), "--days", str(days), "--seed", str(seed)]
    for words in (
        ["simulate", *world, "--faults", "high"],
        ["run", "--select", '+key:"silver/households"'],
    ):
        subprocess.run([str(C360), *words], env=environment, check=True, stdout=subprocess.DEVNULL)


def first_version(reader: Reader) -> pa.Table:
    """Customers by equal identifiers alone: entity, record_key, customer_id."""
    import numpy as np
    import pyarrow as pa
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    types = ", ".join(f"'{name}'" for name in LINKING_TYPES)
    held = reader.batches(
        "select entity, record_key, dense_rank() over (order by entity, record_key) - 1 as record, "
        "dense_rank() over (order by identifier_type, identifier_value) - 1 as identifier "
        f"from {reader.table(CUSTOMER_IDENTIFIERS)} where is_linking "
        f"and entity <> '{BROWSERS}' and identifier_type in ({types})"
    ).read_all()
    record, identifier = (held.column(n).to_numpy() for n in ("record", "identifier"))
    records = int(record.max()) + 1
    count = records + int(identifier.max()) + 1
    ties = (np.ones(len(record)), (record, records + identifier))
    _, labels = connected_components(coo_array(ties, shape=(count, count)), directed=False)
    customer = pa.array(labels[record]).cast(pa.string())
    return held.select(["entity", "record_key"]).append_column("customer_id", customer)


def told(what: str, found: Agreement) -> str:
    """A line of figures."""
    return (
        f"  {what}: pairs precision {found.pair_precision:.4f}, recall {found.pair_recall:.4f}, "
        f"B-cubed F1 {found.b_cubed_f1:.4f}"
    )


def measure(lake: Lake) -> list[str]:
    """Lines about one world."""
    with open_reader(lake) as reader:
        expect_persons(reader)
        reader.hold("first_links", first_version(reader))
        first = people(reader, SOURCES, "(select distinct * from first_links)")
        now = people(reader, SOURCES)
        homes = households(reader, lake.truth)
    if first is None or now is None or homes is None:
        raise SystemExit("the world was not resolved")
    told_homes = (
        f"  households: pairs precision {homes.pair_precision:.4f}, "
        f"recall {homes.pair_recall:.4f}, F1 {homes.pair_f1:.4f}"
    )
    return [
        told("records with a personal identifier", now.identified),
        told("  first version", first.identified),
        told("all personal records", now.all_records),
        told("  first version", first.all_records),
        told_homes,
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 1, 2, 3])
    parser.add_argument("--keep", type=Path, help="Keep the lakes in this folder.")
    options = parser.parse_args()
    for seed in options.seeds:
        work = options.keep or Path(tempfile.mkdtemp(prefix="customer360-quality-"))
        lake = work / f"seed-{seed}"
        try:
            if not lake.exists():
                prepare(lake, options.customers, options.days, seed)
            print(f"{options.customers:,} customers x {options.days} days, seed {seed}:")
            print("\n".join(measure(Lake(str(lake)))))
            sys.stdout.flush()
        finally:
            if not options.keep:
                shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
