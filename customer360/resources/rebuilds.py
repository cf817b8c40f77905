"""Rebuilds of a lake and how far they have come: the table `ops/rebuilds`.

What of a rebuild is done is not written down twice: an entity is rebuilt when all its loads
(`ops/loads`) are younger than the rebuild.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from customer360 import keys
from customer360.landing.files import landed_days
from customer360.resources.loads import read_loads_at

if TYPE_CHECKING:
    import pyarrow as pa

    from customer360.resources.lake import Lake
    from customer360.sources.spec import SourceSpec


@dataclass(frozen=True)
class Rebuild:
    """One rebuild.

    Attributes:
        rebuild_id: Its id.
        entities: What is rebuilt, `<source>__<entity>` each, sorted.
        started_at: When it began (UTC).
        finished_at: When everything behind it was built, too; None until then.
    """

    rebuild_id: str
    entities: tuple[str, ...]
    started_at: datetime
    finished_at: datetime | None = None


@dataclass(frozen=True)
class EntityHistory:
    """What an entity can be rebuilt from.

    Attributes:
        entity: `<source>__<entity>`.
        landed: Landing days that have files.
        bronze_only: Landing days that bronze holds although their files have been put away.
    """

    entity: str
    landed: tuple[date, ...]
    bronze_only: tuple[date, ...]

    @property
    def days(self) -> tuple[date, ...]:
        """All days, sorted."""
        return tuple(sorted((*self.landed, *self.bronze_only)))


def history(lake: Lake, source: SourceSpec, entity: str) -> EntityHistory:
    """The days from which an entity can be rebuilt."""
    name = source.table(entity)
    landed = landed_days(lake.landing, source.name, entity)
    kept = set(lake.days(keys.bronze(name))) - set(landed)
    return EntityHistory(name, tuple(landed), tuple(sorted(kept)))


def begin(lake: Lake, entities: Sequence[str]) -> Rebuild:
    """Write down that a rebuild begins."""
    rebuild = Rebuild(str(uuid.uuid4()), tuple(sorted(entities)), datetime.now(UTC))
    _write(lake, rebuild)
    return rebuild


def finish(lake: Lake, rebuild: Rebuild) -> None:
    """Write down that a rebuild is complete."""
    _write(
        lake,
        Rebuild(rebuild.rebuild_id, rebuild.entities, rebuild.started_at, datetime.now(UTC)),
    )


def unfinished(lake: Lake) -> Rebuild | None:
    """The newest rebuild, if it is not complete."""
    if not lake.exists(keys.REBUILDS):
        return None
    rows = lake.arrow(keys.REBUILDS).to_pylist()
    row = max(rows, key=lambda r: r["started_at"], default=None)
    if row is None or row["finished_at"] is not None:
        return None
    return Rebuild(row["rebuild_id"], tuple(row["entities"].split(",")), row["started_at"])


def left(lake: Lake, rebuild: Rebuild, histories: Sequence[EntityHistory]) -> list[str]:
    """Those of the entities that have a day that was not loaded since the rebuild began."""
    loaded_at = read_loads_at(lake)

    def is_done(entity: str, day: date) -> bool:
        at = loaded_at.get((entity, day))
        return at is not None and at >= rebuild.started_at

    return [h.entity for h in histories if not all(is_done(h.entity, day) for day in h.days)]


def _write(lake: Lake, rebuild: Rebuild) -> None:
    import pyarrow as pa

    # A text: the embedded engine cannot register a list column that Arrow has written.
    row = vars(rebuild) | {"entities": ",".join(rebuild.entities)}
    table = pa.Table.from_pylist([row], schema=_schema())
    lake.replace_where(keys.REBUILDS, table, f"rebuild_id = '{rebuild.rebuild_id}'")


def _schema() -> pa.Schema:
    import pyarrow as pa

    moment = pa.timestamp("us", "UTC")
    return pa.schema(
        [
            ("rebuild_id", pa.string()),
            ("entities", pa.string()),
            ("started_at", moment),
            ("finished_at", moment),
        ]
    )
