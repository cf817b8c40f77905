"""A table as if all that happened to it had happened days ago: its log, and its files' times."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from customer360.keys import TableKey
from customer360.resources.lake import Lake

_STAMPS = ("timestamp", "deletionTimestamp", "modificationTime")


def age(lake: Lake, key: TableKey, days: int) -> None:
    """Make every commit and file of a table this much older."""
    for path in Path(lake.table_url(key)).rglob("*"):
        if path.is_dir():
            continue
        if path.suffix == ".json" and path.parent.name == "_delta_log":
            actions = [json.loads(line) for line in path.read_text().splitlines()]
            older = (json.dumps(_older(action, days * 86_400_000)) for action in actions)
            path.write_text("\n".join(older) + "\n")
        times = path.stat().st_mtime - days * 86_400
        os.utime(path, (times, times))


def _older(value: Any, milliseconds: int) -> Any:
    if not isinstance(value, dict):
        return value
    return {
        name: inner - milliseconds if name in _STAMPS and inner else _older(inner, milliseconds)
        for name, inner in value.items()
    }
