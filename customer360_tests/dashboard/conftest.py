"""Fixtures of the dashboard's tests: one simulated world from landing to gold, and its manifest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from customer360.assets.gold import manifest_path
from customer360.keys import gold
from customer360.resources.dbt import ensure_manifest
from customer360.resources.lake import Lake
from customer360.settings import Settings
from customer360_tests.dashboard import lakes
from customer360_tests.dashboard.asking import Asker


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A small simulated world with faults, refreshed as a user does it; for reading only."""
    return lakes.simulated(tmp_path_factory.mktemp("simulated"))


@pytest.fixture(scope="session")
def manifest() -> dict[str, Any]:
    """The dbt manifest that the dashboard reads."""
    settings = Settings()
    ensure_manifest(settings)
    parsed: dict[str, Any] = json.loads(manifest_path(settings).read_text())
    return parsed


@pytest.fixture(scope="session")
def ask(simulated: Lake) -> Asker:
    """The dashboard of the simulated world; personal data is shown."""
    return Asker(simulated, everybody=True)


@pytest.fixture(scope="session")
def busiest(simulated: Lake) -> str:
    """The customer of whom most is known."""
    rows = simulated.arrow(gold("customer_timeline"), ["customer_id"]).to_pydict()["customer_id"]
    return max(sorted(set(rows)), key=rows.count)
