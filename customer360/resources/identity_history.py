"""Figures of identity, run by run: the table `ops/identity_health`.

A run is told by the version of `customer_links` that it made, so that looking twice at one state
adds nothing, and files that upkeep merged are a state like any other, of the same figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from customer360 import keys

if TYPE_CHECKING:
    import pyarrow as pa

    from customer360.resources.lake import Lake


@dataclass(frozen=True)
class PastFigures:
    """What was measured at one run.

    Attributes:
        links_version: Delta version of `customer_links`.
        measured_at: When (UTC).
        figures: By figure and part.
    """

    links_version: int
    measured_at: datetime
    figures: Mapping[tuple[str, str], float]


def _schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema(
        [
            ("links_version", pa.int64()),
            ("measured_at", pa.timestamp("us", "UTC")),
            ("figure", pa.string()),
            ("part", pa.string()),
            ("value", pa.float64()),
        ]
    )


def keep_figures(
    lake: Lake, links_version: int, figures: Mapping[tuple[str, str], float], *, at: datetime
) -> None:
    """Write figures down, instead of those of the same state."""
    import pyarrow as pa

    rows = [
        {
            "links_version": links_version,
            "measured_at": at,
            "figure": figure,
            "part": part,
            "value": float(value),
        }
        for (figure, part), value in figures.items()
    ]
    table = pa.Table.from_pylist(rows, _schema())
    lake.replace_where(keys.IDENTITY_HEALTH, table, f"links_version = {links_version}")


def read_figures(lake: Lake) -> list[PastFigures]:
    """Figures of all states, the oldest first; none before the first run."""
    if not lake.exists(keys.IDENTITY_HEALTH):
        return []
    found: dict[tuple[datetime, int], dict[tuple[str, str], float]] = {}
    for row in lake.arrow(keys.IDENTITY_HEALTH).to_pylist():
        state = found.setdefault((row["measured_at"], row["links_version"]), {})
        state[row["figure"], row["part"]] = row["value"]
    return [PastFigures(version, at, found[at, version]) for at, version in sorted(found)]
