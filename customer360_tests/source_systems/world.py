"""A simulated world in the systems that have it: rows of the crm, pages of the API, dropped files.

The simulator lands files; each entity's are read, or handed on, as its declaration says that a
factory fetches them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

from upath import UPath

from customer360.landing.decode import decode_files
from customer360.landing.deliver import deliver
from customer360.landing.files import list_files
from customer360.landing.simulate.parameters import FaultLevel
from customer360.landing.simulate.world import simulate
from customer360.sources import SOURCES
from customer360.sources.copies import FilesCopy, PagesCopy, TableCopy
from customer360.sources.spec import EntitySpec
from customer360_tests.source_systems.api import PagedApi
from customer360_tests.source_systems.crm import Crm

_Copy = TypeVar("_Copy", TableCopy, PagesCopy, FilesCopy)


@dataclass(frozen=True)
class SimulatedWorld:
    """A world's landing files in a folder of their own.

    Attributes:
        folder: The folder; `simulate` makes it.
    """

    folder: Path

    def simulate(self, *, customers: int, days: int, seed: int, start: date) -> None:
        """Let the days happen that have not yet.

        Raises:
            ValueError: The folder holds another world, or more days.
        """
        simulate(
            UPath(self.folder / "landing"), UPath(self.folder / "truth"),
            customers=customers, days=days, seed=seed, start=start, faults=FaultLevel.NONE,
        )  # fmt: skip

    def fill(self, crm: Crm, api: PagedApi, drop: Path) -> None:
        """Have the systems hold this world, whatever of it they held."""
        tables: dict[str, list[dict[str, Any]]] = {}
        for source, entity in _entities():
            match entity.copied_from:
                case TableCopy(table=table):
                    tables[table] = [
                        # A table has nulls where a CSV file has nothing.
                        {name: value or None for name, value in record.items()}
                        for record in self.records(source, entity.name)
                    ]
                case PagesCopy(path=path):
                    api.put(path, entity.clock, list(self.records(source, entity.name)))
                case FilesCopy(folder=folder):
                    self._drop(drop, source, entity.name, folder or f"{source}/{entity.name}")
        crm.replace(tables)

    def records(self, source: str, entity: str, day: date | None = None) -> Iterator[Any]:
        """Records of an entity that landed on a day, or ever."""
        return landed_records(self._landing, source, entity, day)

    def _drop(self, drop: Path, source: str, entity: str, folder: str) -> None:
        for file in list_files(self._landing, source, entity):
            path = Path(self._landing, file.path)
            deliver(str(drop), f"{folder}/{file.landed_on}/{path.name}", path)

    @property
    def _landing(self) -> str:
        return str(self.folder / "landing")


def landed_records(
    landing: str, source: str, entity: str, day: date | None = None
) -> Iterator[Any]:
    """Records of an entity in a landing zone, of a day or of all; each has to be readable."""
    files = list_files(landing, source, entity, [day] if day else None)
    for batch in decode_files(landing, files, batch_id="", ingested_at=datetime.now(UTC)):
        for row in batch.to_pylist():
            assert row["decode_error"] is None, row
            yield json.loads(row["record"])


def _entities() -> Iterator[tuple[str, EntitySpec]]:
    for source in SOURCES:
        for entity in source.entities:
            yield source.name, entity


def copied_from(kind: type[_Copy]) -> dict[str, _Copy]:
    """Entities (`<source>__<entity>`) that are fetched from one kind of system, and where."""
    return {
        f"{source}__{entity.name}": entity.copied_from
        for source, entity in _entities()
        if isinstance(entity.copied_from, kind)
    }
