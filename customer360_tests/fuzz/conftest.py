"""Fuzzing: where cases land, the seed, and the count of cases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from customer360_tests.fuzz_cases import Tally, seed_of


@pytest.fixture(scope="session")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A landing zone whose files every case writes again."""
    return tmp_path_factory.mktemp("landing")


@pytest.fixture
def fuzz_seed(request: pytest.FixtureRequest) -> int:
    """Seed of random records: 0 in `make test`."""
    return seed_of(request.config)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Count the cases of a test, also if it fails."""
    before = Tally.cases
    try:
        yield
    finally:
        item.user_properties.append(("fuzz_cases", Tally.cases - before))
