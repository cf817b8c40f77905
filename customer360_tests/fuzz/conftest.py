"""Fuzzing: a folder for the cases, a watchdog, and the count that ends the run."""

from __future__ import annotations

from pathlib import Path

import pytest

# Only a library that never returns takes this long: the process ends, with every stack printed.
_WATCHDOG_SECONDS = 1_800


@pytest.fixture(scope="session")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A landing zone whose files every case writes again."""
    return tmp_path_factory.mktemp("landing")
