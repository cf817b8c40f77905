"""Putting finished files where others read: whole or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

from upath import UPath

from customer360.storage import is_remote, open_url


def write_whole(path: UPath, data: bytes) -> None:
    """Write a file; a reader sees all of it or nothing.

    Args:
        path: Where to, replaced if there is one; its folder is made if need be.
        data: The whole content.
    """
    if is_remote(str(path)):
        # A blob is there from its last block on, so nothing needs to be renamed.
        path.write_bytes(data)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.tmp")
    aside.write_bytes(data)
    aside.replace(path)


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
    fs, root = open_url(landing)
    target = f"{root}/{path}"
    if fs.exists(target):
        return False
    if is_remote(landing):
        # A blob is there from its last block on; a rename would be a copy that is not waited for.
        fs.put_file(str(file), target)
        return True
    fs.makedirs(target.rsplit("/", 1)[0], exist_ok=True)
    aside = f"{target}.tmp"
    with file.open("rb") as source, fs.open(aside, "wb") as sink:
        shutil.copyfileobj(source, sink)
    fs.mv(aside, target)
    return True
