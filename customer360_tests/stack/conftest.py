"""Fixtures of the tier that needs servers: one small world, the lakes made of it, Azurite."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from customer360.resources.lake import Lake
from customer360_tests.stack.azurite import Azurite, running_azurite

CUSTOMERS, DAYS = 300, 15


def customer360(
    lake: Path, home: Path, extra: Mapping[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run a command on a lake, with settings."""
    command = [str(Path(sys.executable).parent / "customer360"), *arguments]
    environment = os.environ | {"C360_LAKE": str(lake), "DAGSTER_HOME": str(home)} | extra
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def succeeded(result: subprocess.CompletedProcess[str]) -> str:
    """What a command said; fails unless it went well."""
    said = result.stdout + result.stderr
    assert result.returncode == 0, said
    return said


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of landing files only, with every kind of fault."""
    root = tmp_path_factory.mktemp("world")
    succeeded(
        customer360(
            root / "lake", root / "home", {}, "simulate",
            "--customers", str(CUSTOMERS), "--days", str(DAYS), "--faults", "high",
        )
    )  # fmt: skip
    return root / "lake"


@pytest.fixture(scope="session")
def loaded(
    world: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, Mapping[str, str]], Lake]:
    """Makes a lake of the world's landing files with some settings, in two runs."""
    days = sorted((world / "landing" / "pos" / "receipts").iterdir())
    made: dict[str, Lake] = {}

    def load(name: str, extra: Mapping[str, str]) -> Lake:
        if name not in made:
            root = tmp_path_factory.mktemp(name)
            shutil.copytree(world, root / "lake")
            # The second run is an increment: it exercises what a first load does not.
            for first, last in ((days[0], days[-3]), (days[-2], days[-1])):
                window = ["--from", first.name[3:], "--to", last.name[3:]]
                succeeded(customer360(root / "lake", root / "home", extra, "run", *window))
            made[name] = Lake(str(root / "lake"))
        return made[name]

    return load


@pytest.fixture(scope="session")
def sail_lake(loaded: Callable[[str, Mapping[str, str]], Lake]) -> Lake:
    """The world on the embedded engine: what every other engine is compared with."""
    return loaded("sail", {"C360_ENGINE": "sail"})


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """Azurite with an empty container."""
    with running_azurite(tmp_path_factory.mktemp("azurite")) as server:
        yield server
