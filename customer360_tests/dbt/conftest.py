"""Fixtures of the gold tests: a lake with dbt on it, and the project parsed without any setting."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from customer360.resources.dbt import PROJECT_DIR
from customer360.resources.lake import Lake
from customer360.resources.session import Engine
from customer360_tests.dbt.gold import Gold, create_silver


@pytest.fixture(scope="module")
def gold(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gold]:
    """An empty lake with all silver tables and dbt on it, shared by the tests of one module."""
    folder = tmp_path_factory.mktemp("gold")
    engine = Engine("sail", Lake(str(folder / "lake")))
    create_silver(engine)
    yield Gold(engine, folder)
    engine.close()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Gold]:
    """An empty lake with dbt on it, for one test."""
    engine = Engine("sail", Lake(str(tmp_path / "lake")))
    create_silver(engine)
    yield Gold(engine, tmp_path)
    engine.close()


@pytest.fixture(scope="session")
def parse_offline(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, Any]]:
    """Parse the project for a target in a process without any setting; gives the manifest."""
    parsed: dict[str, dict[str, Any]] = {}

    def parse(target: str) -> dict[str, Any]:
        if target not in parsed:
            folder = tmp_path_factory.mktemp(f"parse-{target}")
            parsed[target] = _parse(target, folder)
        return parsed[target]

    return parse


def _parse(target: str, folder: Path) -> dict[str, Any]:
    dbt = Path(sys.executable).parent / "dbt"
    command = [
        str(dbt), "--quiet", "parse", "--target", target, "--project-dir", str(PROJECT_DIR),
        "--profiles-dir", str(PROJECT_DIR), "--target-path", str(folder), "--log-path", str(folder),
    ]  # fmt: skip
    empty = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    done = subprocess.run(command, env=empty, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return manifest


@pytest.fixture(scope="session")
def manifest(parse_offline: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """The manifest of the local target."""
    return parse_offline("local")
