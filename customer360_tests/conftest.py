"""Fixtures shared by all tiers: a lake of one's own, an embedded engine on it, settings for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from customer360.resources.lake import Lake
from customer360.resources.session import Engine
from customer360.settings import Settings

# No test may depend on, or write into, what a developer has set up.
for name in [n for n in os.environ if n.startswith("C360_")]:
    del os.environ[name]
os.environ["TZ"] = "UTC"
os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"
os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"


TORTURE = "torture"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--torture-points", type=int, default=8, help="disturbances to try")
    parser.addoption("--torture-seed", type=int, default=1, help="another schedule of them")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many points were tried: a campaign that tried none would pass."""
    tried = {
        outcome: sum(
            name == TORTURE
            for report in terminalreporter.stats.get(outcome, [])
            for name, _ in report.user_properties
        )
        for outcome in ("passed", "failed")
    }
    if sum(tried.values()):
        points = f"{sum(tried.values())} points, {tried['failed']} of them with differences"
        terminalreporter.write_line(f"torture: {points}")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An empty lake."""
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def engine(lake: Lake) -> Iterator[Engine]:
    """The embedded engine on the empty lake (about a second)."""
    opened = Engine("sail", lake)
    yield opened
    opened.close()


@pytest.fixture
def settings(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of the empty lake, with a Dagster home of their own."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    return Settings(lake=lake.url)
