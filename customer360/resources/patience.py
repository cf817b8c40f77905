"""How long to wait for a factory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """How long to wait for what; all in seconds.

    Attributes:
        first_poll: Until the first look at a run.
        longest_poll: Between two looks, at most; each wait is half as long again as the last.
        run: Until a run is cancelled, from its start.
        cancelling: Until a cancelled run has to have ended.
        vanished: As long as the factory may not know a run that it has started.
    """

    first_poll: float = 5
    longest_poll: float = 60
    run: float = 240 * 60
    cancelling: float = 300
    vanished: float = 120

    def polls(self) -> Iterator[float]:
        """The waits between looks, without end."""
        wait = self.first_poll
        while True:
            yield wait
            wait = min(wait * 1.5, self.longest_poll)
