"""Entities by the names that people type."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from customer360.errors import Customer360Error
from customer360.sources import SOURCES


class UnknownEntityError(Customer360Error):
    """No source declares an entity of this name."""


def refuse_unknown(names: Sequence[str]) -> None:
    """Make sure that each name is that of an entity, as `<source>__<entity>`.

    Raises:
        UnknownEntityError: One is not; the message names the nearest and all.
    """
    known = sorted(s.table(e.name) for s in SOURCES for e in s.entities)
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
            raise UnknownEntityError(
                f"{name}: no such entity; did you mean {near[0]}? There are {', '.join(known)}."
            )
