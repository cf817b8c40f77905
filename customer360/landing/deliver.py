"""Putting a finished file into the landing zone: written aside, then renamed."""

from __future__ import annotations

import shutil
from pathlib import Path

from customer360.landing.files import open_landing


def deliver(landing: str, path: str, file: Path) -> bool:
    """Copy a file into the landing zone; a reader never sees a part of it.

    Args:
        landing: URL or local path of the landing zone.
        path: Where it goes, below the landing zone.
        file: The file.

    Returns:
        Whether it was copied; False when something has landed at `path` already, which is never
        changed.
    """
    fs, root = open_landing(landing)
    target = f"{root}/{path}"
    if fs.exists(target):
        return False
    fs.makedirs(target.rsplit("/", 1)[0], exist_ok=True)
    aside = f"{target}.tmp"
    with file.open("rb") as source, fs.open(aside, "wb") as sink:
        shutil.copyfileobj(source, sink)
    fs.mv(aside, target)
    return True
