"""Fixtures of the pipeline tests: commands as processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from customer360.resources.lake import Lake
from customer360.settings import Settings
from customer360_tests.commands import Command, customer360


@pytest.fixture
def start(settings: Settings) -> Iterator[Callable[..., Command]]:
    """Starts `customer360 <arguments>` (`run` without any); ends what is left of them."""
    del settings  # It sets DAGSTER_HOME.
    commands: list[Command] = []

    def started(lake: Lake, name: str, *arguments: str) -> Command:
        commands.append(Command(lake, name, customer360(*(arguments or ("run",)))))
        return commands[-1]

    yield started
    for command in commands:
        command.close()
