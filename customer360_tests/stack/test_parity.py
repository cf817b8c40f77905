"""The whole graph on the embedded engine and on Apache Spark: every table, schema and content."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from customer360.fingerprint import differences, fingerprints
from customer360.keys import GOLD, TableKey
from customer360.resources.lake import Lake

pytestmark = pytest.mark.stack

CUSTOMERS, DAYS = 300, 15


def _customer360(lake: Path, engine: str, home: Path, *arguments: str) -> None:
    command = [str(Path(sys.executable).parent / "customer360"), *arguments]
    environment = os.environ | {
        "C360_LAKE": str(lake),
        "C360_ENGINE": engine,
        "DAGSTER_HOME": str(home),
    }
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Lake]:
    """The same landing files, with every kind of fault, run on both engines; two runs each."""
    root = tmp_path_factory.mktemp("parity")
    world = root / "world"
    _customer360(
        world, "sail", root / "home", "simulate",
        "--customers", str(CUSTOMERS), "--days", str(DAYS), "--faults", "high",
    )  # fmt: skip
    days = sorted((world / "landing" / "pos" / "receipts").iterdir())
    for engine in ("sail", "spark"):
        shutil.copytree(world, root / engine)
        # The second run is an increment: it exercises what a first load does not.
        for first, last in ((days[0], days[-3]), (days[-2], days[-1])):
            window = ["--from", first.name[3:], "--to", last.name[3:]]
            _customer360(root / engine, engine, root / f"home-{engine}", "run", *window)
    return {engine: Lake(str(root / engine)) for engine in ("sail", "spark")}


def test_both_engines_make_the_same_tables(lakes: dict[str, Lake]) -> None:
    sail, spark = (fingerprints(lakes[engine]) for engine in ("sail", "spark"))
    assert differences(sail, spark) == []


def test_the_comparison_covers_every_layer(lakes: dict[str, Lake]) -> None:
    compared = fingerprints(lakes["sail"])
    assert {key.layer for key in compared} >= {"bronze", "silver", "quarantine", "gold", "ops"}
    assert compared[TableKey(GOLD, "customer_360")].rows > 0
    assert compared[TableKey("quarantine", "web__events")].rows > 0


def test_gold_keeps_delta_reader_version_1(lakes: dict[str, Lake]) -> None:
    for engine, lake in lakes.items():
        for key in lake.tables():
            if key.layer == GOLD:
                protocol = lake.delta(key).protocol()
                assert protocol.min_reader_version == 1, f"{engine} {key.sql}"
