"""Makes the points of the schedule into tests."""

from __future__ import annotations

import pytest

from customer360_tests.torture.points import schedule


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "point" in metafunc.fixturenames:
        seed = metafunc.config.getoption("--torture-seed")
        count = metafunc.config.getoption("--torture-points")
        metafunc.parametrize("point", list(schedule(seed, count)), ids=str)
