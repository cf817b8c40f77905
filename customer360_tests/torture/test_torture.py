"""Runs that are disturbed anywhere: the next run ends with the tables of an undisturbed one.

`make test` runs the first points of the schedule, `make torture` all of them.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from filelock import FileLock

from customer360 import keys
from customer360.fingerprint import differences, fingerprints
from customer360.resources.lake import Lake
from customer360.resources.loads import Pending, pending
from customer360.settings import Settings
from customer360.sources import SOURCES
from customer360_tests.commands import Command, children, customer360
from customer360_tests.torture.points import Kind, Point

DBT_SECONDS = 8.0
WORLD = ("simulate", "--customers", "40", "--seed", "11", "--faults", "high", "--days")
FAULTY = (sys.executable, "-m", "customer360_tests.torture.faulty")
# Of lakes that stay as they are.
fingerprints_once = cache(fingerprints)
VERSION = ("customer_id", "content_hash", "dbt_valid_from", "dbt_valid_to")


@dataclass(frozen=True)
class World:
    """Two days loaded and a third one landed, and the same undisturbed to the end.

    Attributes:
        begun: The lake from which every point starts.
        ended: The same lake after an undisturbed run.
        steps: Steps of that run.
        writes: Its writes.
    """

    begun: Lake
    ended: Lake
    steps: int
    writes: int


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> World:
    """Made once for all workers."""
    root = tmp_path_factory.getbasetemp()
    folder = (root if worker_id == "master" else root.parent) / "torture"
    begun, ended, told = Lake(f"{folder}/begun"), Lake(f"{folder}/ended"), folder / "told.json"
    folder.mkdir(exist_ok=True)
    with FileLock(folder / "made.lock"):
        if not told.exists():
            home = {"DAGSTER_HOME": str(folder / "dagster")}
            for number, arguments in enumerate(((*WORLD, "2"), ("run",), (*WORLD, "3"))):
                with _command(begun, f"begun-{number}", customer360(*arguments), home) as command:
                    command.ended()
            _copy(begun, ended)
            nothing = (*FAULTY, "nothing", "-1", "-1")
            with _command(ended, "ended", nothing, home) as command:
                said = command.ended()
            counts = {"steps": _steps(said), "writes": int(said.rpartition("writes: ")[2])}
            told.write_text(json.dumps(counts))
    return World(begun, ended, **json.loads(told.read_text()))


def _steps(said: str) -> int:
    """Steps that a run has told of: a line each, which ends with its seconds."""
    return said.count(" s\n")


def _copy(source: Lake, target: Lake) -> None:
    # With their times: a file that was touched since counts as landed again.
    shutil.copytree(source.url, target.url, copy_function=shutil.copy2)


@contextlib.contextmanager
def _command(
    lake: Lake, name: str, words: tuple[str, ...], extra: dict[str, str] | None = None
) -> Iterator[Command]:
    command = Command(lake, name, words, extra)
    try:
        yield command
    finally:
        command.close()


def _disturb(point: Point, lake: Lake, world: World) -> int:
    """Run with the disturbance of a point; returns the exit code."""
    match point.kind:
        case Kind.KILLED_AT_STEP | Kind.KILLED_IN_STEP:
            return _kill_run(point, lake, world.steps)
        case Kind.DBT_KILLED_IN_MODEL | Kind.DBT_KILLED_IN_SNAPSHOT:
            return _kill_dbt(point, lake)
        case Kind.ENGINE_DIES_IN_DBT:
            fault = ("engine", "-1", f"{point.place * DBT_SECONDS}")
        case Kind.DISK_FULL if point.place > 0.7:
            fault = ("disk", "-1", f"{(point.place - 0.7) / 0.3 * DBT_SECONDS}")
        case _:
            what = {Kind.ENGINE_DIES: "engine", Kind.DISK_FULL: "disk"}.get(point.kind, "conflict")
            fault = (what, str(int(point.place * (world.writes - 1))), "-1")
    with _command(lake, "disturbed", (*FAULTY, *fault)) as command:
        return command.code()


def _kill_run(point: Point, lake: Lake, steps: int) -> int:
    done = int(point.place * (steps - 1))
    with _command(lake, "disturbed", customer360("run")) as command:
        command.wait_until(lambda: _steps(command.said) >= done)
        if point.kind is Kind.KILLED_IN_STEP:
            time.sleep(point.delay)
        command.process.kill()
        return command.code()


def _kill_dbt(point: Point, lake: Lake) -> int:
    """Kill dbt alone, when the table that it is at has a new data file."""
    tables = sorted(k for k in lake.tables() if k.layer == keys.GOLD)
    models = [k for k in tables if not k.table.endswith("_snapshot")]
    snapshots = [k for k in tables if k.table.endswith("_snapshot")]
    chosen = models if point.kind is Kind.DBT_KILLED_IN_MODEL else snapshots
    table = chosen[int(point.place * len(chosen))]
    before = _data_files(lake, table)
    with _command(lake, "disturbed", customer360("run")) as command:
        command.wait_until(lambda: _data_files(lake, table) > before)
        for process in children(lake):
            process.kill()
        return command.code()


def _data_files(lake: Lake, table: keys.TableKey) -> int:
    return len(list(Path(lake.table_url(table)).glob("*.parquet")))


def _versions(lake: Lake) -> list[tuple[Any, ...]]:
    rows = lake.arrow(keys.gold("customers_snapshot"), VERSION).to_pylist()
    return sorted(tuple(str(row[name]) for name in VERSION) for row in rows)


def test_the_next_run_makes_good_what_was_disturbed(
    point: Point, world: World, lake: Lake, settings: Settings, record_property: Callable[..., None]
) -> None:
    del settings  # It sets DAGSTER_HOME.
    _copy(world.begun, lake)
    code = _disturb(point, lake, world)
    record_property("torture_points", 1)
    # An engine may put a conflicting commit right by itself.
    assert code or point.kind is Kind.COMMIT_CONFLICT, "the disturbance came too late"

    with _command(lake, "next", customer360("run")) as command:
        command.ended()
    assert pending(lake, SOURCES) == Pending(days=(), is_stale=False)
    assert differences(fingerprints_once(world.ended), fingerprints(lake)) == []
    assert _versions(lake) == _versions(world.ended)
    assert children(lake) == []
    assert not list(Path(lake.url).glob("_scratch/*"))
    with dg.DagsterInstance.get() as instance:
        unfinished = [s for s in dg.DagsterRunStatus if s.value in ("STARTED", "STARTING")]
        assert instance.get_runs(dg.RunsFilter(statuses=unfinished)) == []
