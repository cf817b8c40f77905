"""Which copies have been asked for and have not been reported yet, so that none is started twice.

Kept in Dagster's own storage (SQLite below DAGSTER_HOME, or PostgreSQL), in the table where its
sensors keep cursors: a write is there when it returns, unlike an event, which Dagster may hold back
for a batch; and no run has to hold the lake while a factory copies for an hour.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Protocol


class KeyValues(Protocol):
    """The part of Dagster's storage that is used."""

    def get_cursor_values(self, keys: set[str]) -> Mapping[str, str]:
        """The values of those keys that have one."""

    def set_cursor_values(self, pairs: Mapping[str, str]) -> None:
        """Write values."""


@dataclass(frozen=True)
class Started:
    """A copy of one source and day that has been asked for.

    Attributes:
        request: Text by which the factory's run is found while its id is not known.
        asked_at: When (UTC).
        entities: What it copies, as `<source>__<entity>`.
        run_id: Id of the factory's run; empty until the factory has answered.
    """

    request: str
    asked_at: datetime
    entities: tuple[str, ...]
    run_id: str = ""


@dataclass(frozen=True)
class StartedRuns:
    """The open copies of one factory.

    Attributes:
        storage: Dagster's storage.
        factory: Name of the factory.
    """

    storage: KeyValues
    factory: str

    def get(self, source: str, day: date) -> Started | None:
        """The open copy of a source and day; None when there is none."""
        key = self._key(source, day)
        text = self.storage.get_cursor_values({key}).get(key)
        if not text:
            return None
        found = json.loads(text)
        return Started(
            request=found["request"],
            asked_at=datetime.fromisoformat(found["asked_at"]),
            entities=tuple(found["entities"]),
            run_id=found["run_id"],
        )

    def put(self, source: str, day: date, started: Started) -> None:
        """Write down an open copy; it is stored when this returns."""
        values = asdict(started) | {"asked_at": started.asked_at.isoformat()}
        self.storage.set_cursor_values({self._key(source, day): json.dumps(values)})

    def forget(self, source: str, day: date) -> None:
        """A copy has ended and been reported."""
        self.storage.set_cursor_values({self._key(source, day): ""})

    def _key(self, source: str, day: date) -> str:
        return f"customer360/started/{self.factory}/{source}/{day}"
