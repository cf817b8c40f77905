"""Snapshots tell the truth: what holds for every sequence of runs, and after a run that was killed.

Each sequence drives many customers and products through runs that see them changed, changed back,
gone and there again, also twice on one as-of date and on an older one. After every run the
histories are compared with a model of a few lines, and asked for what must hold of any history.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest

from customer360 import keys
from customer360.identity import contract as identity
from customer360.resources.dbt import PROJECT_DIR
from customer360.transforms.contract import silver_columns
from customer360_tests.builders import spec
from customer360_tests.dbt.gold import ONLY_MODELS, Gold, put_identity

START = date(2026, 1, 20)
KEYS, RUNS = 30, 10
_HISTORIES = ("--select", "+dim_customers_history", "+dim_products_history")

# What one run sees: key -> value.
Seen = dict[str, str]
# (key, value, valid from, valid to)
Row = tuple[str, str, date, date | None]


def put(gold: Gold, seen: Mapping[str, str]) -> None:
    """Let silver hold a customer and a product per key, with the value in one attribute of each."""
    customers = [
        {"customer_id": key, "email": value, "record_count": len(seen)}
        for key, value in seen.items()
    ]
    put_identity(gold.engine, identity.CUSTOMERS, customers)
    _, products = spec("catalog__products")
    columns = silver_columns(products)
    rows = [
        tuple({"sku": key, "name": value}.get(name) for name, _ in columns)
        for key, value in seen.items()
    ]
    schema = ", ".join(f"{name} {kind}" for name, kind in columns)
    frame = gold.engine.session.createDataFrame(rows, schema)
    key = keys.silver("catalog__products")
    gold.engine.overwrite(key, columns, frame, partitioned=products.partitioned)


def histories(gold: Gold) -> dict[str, list[Row]]:
    """The rows of both histories."""
    found = {}
    for table, key, value in (
        ("dim_customers_history", "customer_id", "email"),
        ("dim_products_history", "sku", "product_name"),
    ):
        rows = gold.rows(table, key, value, "valid_from", "valid_to", "is_current")
        assert all(row["is_current"] == (row["valid_to"] is None) for row in rows)
        found[table] = [(r[key], r[value], r["valid_from"], r["valid_to"]) for r in rows]
    return found


def recorded(gold: Gold) -> dict[str, list[dict[str, Any]]]:
    """All rows of both snapshots, zero-length versions included."""
    return {table: gold.rows(table) for table in ("customers_snapshot", "products_snapshot")}


@dataclass
class Model:
    """What a history must say, kept the simplest way."""

    versions: dict[str, list[list[Any]]] = field(default_factory=dict)
    newest: date = date.min

    def run(self, seen: Mapping[str, str], as_of: date) -> bool:
        """Record a run; false for one that is older than what is recorded."""
        if as_of < self.newest:
            return False
        for key in {*seen, *self.versions}:
            versions = self.versions.setdefault(key, [])
            current = versions[-1] if versions and versions[-1][2] is None else None
            if current and current[0] != seen.get(key):
                current[2] = self.newest = as_of
            if key in seen and (current is None or current[0] != seen[key]):
                versions.append([seen[key], as_of, None])
                self.newest = as_of
        return True

    def rows(self) -> list[Row]:
        """Versions that were valid for a day or are current."""
        rows = [
            (key, value, start, end)
            for key, versions in self.versions.items()
            for value, start, end in versions
            if end is None or end > start
        ]
        return sorted(rows, key=_place)


def _place(row: Row) -> tuple[str, date]:
    return row[0], row[2]


@dataclass
class World:
    """What runs see, changed at random from a seed."""

    chance: random.Random
    seen: Seen = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    values: dict[str, list[str]] = field(default_factory=dict)

    def change(self) -> None:
        """Change about half of all keys."""
        for number in range(KEYS):
            key = f"K{number:02}"
            before = self.values.setdefault(key, [])
            what = self.chance.choice(["keep", "keep", "change", "back", "delete"])
            if key not in self.seen:
                if what == "keep":
                    continue
                self.done["again" if before else "new"] += 1
                what = "back" if before and what == "back" else "change"
            if what == "delete":
                del self.seen[key]
            elif what == "back" and len(before) > 1:
                self.seen[key] = before[-2]
                before.append(before[-2])
            elif what == "change":
                self.seen[key] = f"{key}-{len(before)}"
                before.append(self.seen[key])
            elif what == "back":
                self.seen[key] = before[-1]
            self.done[what] += 1

    def next_day(self, today: date) -> date:
        """The same as-of date again, a later or an older one."""
        step = self.chance.choice([0, 0, 1, 1, 2, 3, -1, -4])
        self.done["same" if step == 0 else "later" if step > 0 else "older"] += 1
        return today + timedelta(days=step)


def check_history(rows: list[Row], seen: Mapping[str, str] | None) -> None:
    """What must hold of any history, whatever was seen; `seen` None: the last run was older."""
    by_key: dict[str, list[Row]] = {}
    for row in sorted(rows, key=_place):
        by_key.setdefault(row[0], []).append(row)
    for key, versions in by_key.items():
        for _, _, start, end in versions:
            assert end is None or start < end, f"{key} is valid for no day: {versions}"
        for earlier, later in pairwise(versions):
            assert earlier[3] is not None, f"{key} has a version behind its current one: {versions}"
            assert earlier[3] <= later[2], f"versions of {key} overlap: {versions}"
    if seen is not None:
        current = [(key, value) for key, value, _, end in rows if end is None]
        assert sorted(current) == sorted(seen.items()), "one current version per living key"


@pytest.mark.parametrize("seed", [1, 2])
def test_histories_hold_for_any_sequence_of_runs(own: Gold, seed: int) -> None:
    world, model, today = World(random.Random(seed)), Model(), START
    for _ in range(RUNS):
        world.change()
        put(own, world.seen)
        own.run("build", *_HISTORIES, *ONLY_MODELS, as_of=today)
        counted = model.run(world.seen, today)
        for rows in histories(own).values():
            check_history(rows, world.seen if counted else None)
            assert sorted(rows, key=_place) == model.rows()
        today = world.next_day(max(today, model.newest))
    before = recorded(own)
    for later in (0, 1):
        own.run("snapshot", as_of=max(today, model.newest) + timedelta(days=later))
        if later == 0:
            before = recorded(own)
    assert recorded(own) == before, "a run over unchanged silver adds nothing"
    wanted = {"new", "again", "change", "back", "delete", "same", "later", "older"}
    assert wanted <= set(world.done), "the sequence leaves nothing out"


# A snapshot is one commit, so whenever dbt is killed it is there or not. The child kills itself
# with SIGKILL around the statement that writes; the engine, in the test's process, lives on.
_KILLED = """
import os, signal, sys, threading, time
from pyspark.sql.connect.session import SparkSession
from dbt.cli.main import dbtRunner

moment, words, arguments = sys.argv[1], sys.argv[2], sys.argv[3:]
ask = SparkSession.sql

def asked(self, statement, *others, **named):
    is_write = words in statement and "customers_snapshot" in statement
    if is_write and moment == "during":
        threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGKILL)).start()
    if is_write and moment == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    answer = ask(self, statement, *others, **named)
    if is_write:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer

SparkSession.sql = asked
dbtRunner().invoke(["--quiet", *arguments])
"""


def kill_in(gold: Gold, moment: str, words: str, as_of: date) -> None:
    """Run the customers' snapshot in a process that is killed around a statement."""
    folders = {"project-dir": PROJECT_DIR, "profiles-dir": PROJECT_DIR}
    folders |= {"target-path": gold.folder / "killed", "log-path": gold.folder / "logs"}
    where = [part for name, path in folders.items() for part in (f"--{name}", str(path))]
    variables = {
        "SPARK_REMOTE": gold.engine.url,
        "C360_LAKE_URL": gold.engine.lake.url,
        "C360_AS_OF_DATE": as_of.isoformat(),
        "C360_CURRENCY": "EUR",
    }
    command = [sys.executable, "-c", _KILLED, moment, words, "build", *where]
    done = subprocess.run(
        [*command, "--select", "+customers_snapshot", *ONLY_MODELS],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr


@pytest.mark.parametrize("moment", ["before", "during", "after"])
def test_a_snapshot_that_is_killed_neither_loses_nor_doubles_a_version(
    own: Gold, moment: str
) -> None:
    first = {"C1": "a@x", "C2": "b@x", "C3": "c@x"}
    put(own, first)
    if moment == "during":
        kill_in(own, moment, "create", START)
    own.run("build", *_HISTORIES, *ONLY_MODELS, as_of=START)
    put(own, {"C1": "z@x", "C2": "b@x", "C4": "d@x"})
    second = START + timedelta(days=1)
    kill_in(own, moment, "merge into", second)
    own.run("build", *_HISTORIES, *ONLY_MODELS, as_of=second)
    assert histories(own)["dim_customers_history"] == [
        ("C1", "a@x", START, second),
        ("C1", "z@x", second, None),
        ("C2", "b@x", START, None),
        ("C3", "c@x", START, second),
        ("C4", "d@x", second, None),
    ]
    assert len(recorded(own)["customers_snapshot"]) == 5
