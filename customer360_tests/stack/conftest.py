"""Fixtures of the tier that needs servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from customer360_tests.stack.azurite import Azurite, running_azurite


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """Azurite with an empty container."""
    with running_azurite(tmp_path_factory.mktemp("azurite")) as server:
        yield server
