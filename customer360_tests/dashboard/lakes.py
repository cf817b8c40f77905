"""Lakes for the dashboard: a simulated one, and others made of its gold tables."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import write_deltalake

from customer360.keys import GOLD, TableKey
from customer360.resources.lake import Lake

# Two months, so that the last 28 days have 28 whole ones before them.
WORLD: Final = ("--customers", "80", "--days", "62", "--seed", "3", "--faults", "high")


def simulated(folder: Path) -> Lake:
    """Simulate a world and refresh it in a folder."""
    environment = os.environ | {
        "C360_LAKE": str(folder / "lake"),
        "DAGSTER_HOME": str(folder / "home"),
    }
    for arguments in (("simulate", *WORLD), ("run",)):
        command = [str(Path(sys.executable).parent / "customer360"), *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return Lake(str(folder / "lake"))


def gold_tables(lake: Lake) -> list[str]:
    """Names of the gold tables of a lake."""
    return sorted(key.table for key in lake.tables() if key.layer == GOLD)


def linked(lake: Lake, folder: Path, *, without: Collection[str] = ()) -> Lake:
    """The lake's gold and ops under another name, some gold tables left out."""
    made = folder / "linked"
    (made / GOLD).mkdir(parents=True)
    (made / "ops").symlink_to(Path(lake.url) / "ops")
    for name in gold_tables(lake):
        if name not in without:
            (made / GOLD / name).symlink_to(Path(lake.url) / GOLD / name)
    return Lake(str(made))


def of_customers(lake: Lake, folder: Path, customers: Sequence[str]) -> Lake:
    """Gold with the rows of some customers only; tables that name no customer are empty."""
    made = Lake(str(folder / "some"))
    for name in gold_tables(lake):
        rows = lake.arrow(TableKey(GOLD, name))
        if "customer_id" in rows.schema.names:
            rows = rows.filter(pc.field("customer_id").isin(pa.array(customers, pa.string())))
        else:
            rows = rows.slice(0, 0)
        write_deltalake(made.table_url(TableKey(GOLD, name)), rows)
    return made
