"""Which files lie in the landing zone: listing, landing days, strays, a day's fingerprint.

What is inside the files belongs in `customer360.landing.decode`; who wrote them does not matter.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from customer360.errors import LandingError
from customer360.sources import SOURCES
from customer360.storage import open_url

_DAY_FOLDER: Final = re.compile(r"dt=(\d{4}-\d{2}-\d{2})")


@dataclass(frozen=True)
class LandingFile:
    """One file of the landing zone.

    Attributes:
        entity: What it holds, as `<source>__<entity>`.
        landed_on: Day of its folder: when it arrived, not when it was loaded.
        path: Path below the landing zone, with forward slashes.
        size: Bytes, as stored.
        modified: Seconds since 1970 (UTC) of its last change; 0 where the storage does not tell.
    """

    entity: str
    landed_on: date
    path: str
    size: int
    modified: float


def list_files(
    landing: str, source: str, entity: str, days: Collection[date] | None = None
) -> list[LandingFile]:
    """List the files of one entity that count.

    Names that begin with `_` or `.` or end in `.tmp` are being written and do not count, nor does
    anything inside a folder of such a name. Folders below a day's folder count as the day.

    Args:
        landing: URL or local path of the landing zone.
        source: Folder of the source system.
        entity: Folder of the entity inside it.
        days: Landing days wanted; all when omitted.

    Returns:
        The files, sorted by landing day and path; empty when the entity never landed anything.

    Raises:
        LandingError: There is no landing zone at `landing`.
    """
    fs, root = _open_zone(landing)
    # One recursive listing for each entity: a call for each of a thousand days would be a
    # thousand round trips on object storage.
    found = fs.find(f"{root}/{source}/{entity}", detail=True)
    files = []
    for name, info in found.items():
        path = name[len(root) :].lstrip("/")
        folder, _, below = path.removeprefix(f"{source}/{entity}/").partition("/")
        landed_on = _day(folder)
        if landed_on is None or not (days is None or landed_on in days):
            continue
        if below and not any(is_aside(part) for part in below.split("/")):
            size, modified = int(info["size"] or 0), _modified(info)
            files.append(LandingFile(f"{source}__{entity}", landed_on, path, size, modified))
    return sorted(files, key=lambda file: (file.landed_on, file.path))


def landed_days(landing: str, source: str, entity: str) -> list[date]:
    """Days on which an entity landed at least one file that counts, in order.

    Raises:
        LandingError: There is no landing zone at `landing`.
    """
    return sorted({file.landed_on for file in list_files(landing, source, entity)})


def day_fingerprint(files: Sequence[LandingFile]) -> str:
    """Fingerprint of a day's files: changes when one is added, removed, replaced or touched.

    Args:
        files: Files of one entity and day, in any order.

    Returns:
        64 hexadecimal digits; the same on every machine for the same paths, sizes and times.
    """
    lines = sorted(f"{file.path}\t{file.size}\t{file.modified!r}\n" for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def stray_folders(landing: str) -> list[str]:
    """What lies in the landing zone that no source reads, so that somebody can be told.

    Returns:
        Sorted paths below the landing zone: folders of no known source or entity, folders of an
        entity that are not named `dt=YYYY-MM-DD` after a real day, and files outside day folders.

    Raises:
        LandingError: There is no landing zone at `landing`.
    """
    fs, root = _open_zone(landing)
    known = {source.name: {entity.name for entity in source.entities} for source in SOURCES}
    strays = []
    for source, is_folder in _entries(fs, root):
        if source not in known or not is_folder:
            strays.append(source)
            continue
        for entity, is_folder in _entries(fs, f"{root}/{source}"):
            if entity not in known[source] or not is_folder:
                strays.append(f"{source}/{entity}")
                continue
            for day, is_folder in _entries(fs, f"{root}/{source}/{entity}"):
                if _day(day) is None or not is_folder:
                    strays.append(f"{source}/{entity}/{day}")
    return sorted(strays)


def _open_zone(landing: str) -> tuple[Any, str]:
    fs, root = open_url(landing)
    # Some file systems remember listings; a sensor would never see a file that came later.
    fs.invalidate_cache()
    if not fs.isdir(root):
        raise LandingError(
            f"Landing zone not found: {landing} is not a folder. Expected "
            "<landing>/<source>/<entity>/dt=YYYY-MM-DD/<file>. Create it and land files in it, or "
            "point C360_LAKE at the lake that holds it."
        )
    return fs, root


def _entries(fs: Any, folder: str) -> Iterator[tuple[str, bool]]:
    """Names directly below a folder, without those written aside, and whether each is a folder."""
    for info in fs.ls(folder, detail=True):
        name = str(info["name"]).rstrip("/").rsplit("/", 1)[-1]
        if not is_aside(name):
            yield name, info["type"] == "directory"


def is_aside(name: str) -> bool:
    """Whether a name in the landing zone is of what is still being written."""
    return name.startswith(("_", ".")) or name.endswith(".tmp")


def _day(folder: str) -> date | None:
    # The pattern first: fromisoformat also takes 20240131 and 2024-W05-3.
    match = _DAY_FOLDER.fullmatch(folder)
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def _modified(info: Mapping[str, Any]) -> float:
    """Time of the last change under the name each file system gives it."""
    value = next((info[k] for k in ("mtime", "last_modified", "created") if info.get(k)), 0.0)
    return value.timestamp() if isinstance(value, datetime) else float(value)
