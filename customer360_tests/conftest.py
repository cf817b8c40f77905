"""Fixtures shared by all tiers: a lake of one's own, an embedded engine on it, settings for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings

from customer360.garbage import collect_seldom
from customer360.resources.lake import Lake
from customer360.resources.session import Engine
from customer360.settings import Settings

# As in every process of the program.
collect_seldom()

# No test may depend on, or write into, what a developer has set up.
for name in [n for n in os.environ if n.startswith("C360_")]:
    del os.environ[name]
os.environ["TZ"] = "UTC"
os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"
os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"

# The same cases in every run of `make test`; others with every seed of `make fuzz`. A case that
# takes longer than the deadline (milliseconds) is a failure, also on a busy machine.
hypothesis_settings.register_profile(
    "repeatable", derandomize=True, database=None, deadline=10_000, max_examples=130
)
hypothesis_settings.register_profile(
    "fuzz", database=None, deadline=10_000, max_examples=2_000, print_blob=True
)
hypothesis_settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--torture-points", type=int, default=8, help="disturbances to try")
    parser.addoption("--torture-seed", type=int, default=1, help="another schedule of them")


# Long tests begin first: one that is left for the end keeps all but one worker waiting.
_LONGEST = ("torture", "pipeline", "dashboard", "dbt")


# Before pytest-xdist reads the marks.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Tests of a module that share what the module makes run on one worker, which makes it once."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None and _shares_with_module(item):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    items.sort(key=_length_class)


def _shares_with_module(item: pytest.Function) -> bool:
    fixtures = item._fixtureinfo.name2fixturedefs
    return any(definitions[-1].scope == "module" for definitions in fixtures.values())


def _length_class(item: pytest.Function) -> int:
    tier = item.path.relative_to(Path(__file__).parent).parts[0]
    return _LONGEST.index(tier) if tier in _LONGEST else len(_LONGEST)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """A runner that ignores the groups would make everything once per worker, without a word."""
    if not getattr(session.config.option, "loadgroup", False):
        return
    for item in session.items:
        group = item.get_closest_marker("xdist_group")
        if group is not None and not item.nodeid.endswith(f"@{group.args[0]}"):
            raise pytest.UsageError(f"pytest-xdist ignores the group of {item.nodeid}")


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


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how much the campaigns tried: one that tried nothing would pass."""
    for name, what in (("fuzz_cases", "fuzzing"), ("torture_points", "torture")):
        counted = [
            (report, properties[name])
            for outcome in ("passed", "failed")
            for report in terminalreporter.stats.get(outcome, [])
            if report.when == "call" and name in (properties := dict(report.user_properties))
        ]
        if counted:
            tried = sum(count for _, count in counted)
            differing = sum(report.failed for report, _ in counted)
            unit = name.rpartition("_")[2]
            terminalreporter.write_line(f"{what}: {tried} {unit}, {differing} differences")
