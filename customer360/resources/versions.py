"""Earlier versions of a table: which there are, which are still whole, and the way back to one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from customer360.errors import VersionError
from customer360.storage import open_url

if TYPE_CHECKING:
    from customer360.keys import TableKey
    from customer360.resources.lake import Lake


@dataclass(frozen=True)
class Version:
    """One version of a table.

    Attributes:
        version: Delta version.
        at: When it was committed, UTC.
        operation: What made it, as Delta names it.
        rows: Its rows; null where a writer kept no statistics, or the log no longer tells.
        bytes: Bytes of its files; null where the log no longer tells.
        can_be_restored: Whether all its files are still there.
    """

    version: int
    at: datetime
    operation: str
    rows: int | None
    bytes: int | None
    can_be_restored: bool


def history(lake: Lake, key: TableKey, limit: int | None = None) -> list[Version]:
    """Versions that the log tells of, newest first.

    Args:
        lake: The lake.
        key: The table.
        limit: Only so many.

    Raises:
        MissingTableError: There is no such table.
    """
    return list(_versions(lake, key, limit))


def _versions(lake: Lake, key: TableKey, limit: int | None = None) -> Iterator[Version]:
    there = _files_on_disk(lake, key)
    for commit in lake.delta(key).history(limit):
        yield _version(lake, key, commit, there)


def _files_on_disk(lake: Lake, key: TableKey) -> frozenset[str]:
    fs, root = open_url(lake.table_url(key))
    return frozenset(str(path)[len(root) + 1 :] for path in fs.find(root))


def _version(
    lake: Lake, key: TableKey, commit: Mapping[str, Any], there: frozenset[str]
) -> Version:
    import pyarrow as pa
    from deltalake.exceptions import DeltaError

    at = _committed(commit)
    number, operation = int(commit["version"]), str(commit.get("operation", ""))
    try:
        actions = pa.table(lake.delta(key, number).get_add_actions(flatten=True))
    except DeltaError:
        # The commit is still listed, what it builds upon is gone.
        return Version(number, at, operation, None, None, can_be_restored=False)
    counts = actions.column("num_records").to_pylist()
    return Version(
        number,
        at,
        operation,
        None if None in counts else sum(counts),
        sum(actions.column("size_bytes").to_pylist()),
        can_be_restored=set(actions.column("path").to_pylist()) <= there,
    )


def _committed(commit: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(commit["timestamp"] / 1000, UTC)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def version_at(lake: Lake, key: TableKey, at: datetime) -> int:
    """The version that was the present one at a time.

    Raises:
        VersionError: The log tells of none that old.
    """
    commits = lake.delta(key).history()
    stamp = at.timestamp() * 1000
    number = max((int(c["version"]) for c in commits if c["timestamp"] <= stamp), default=None)
    if number is None:
        oldest = min(commits, key=lambda c: int(c["version"]))
        raise VersionError(
            f"{key.sql} has no version of {_moment(at)}: the oldest that its log tells of is "
            f"version {oldest['version']} of {_moment(_committed(oldest))}. {_see(key)}"
        )
    return number


def find_version(lake: Lake, key: TableKey, number: int, retention_days: int) -> Version:
    """A version that can be restored.

    Raises:
        VersionError: There is none of this number, or files of it are gone; the message names the
            oldest that is whole.
    """
    known = history(lake, key)
    found = next((v for v in known if v.version == number), None)
    if found is not None and found.can_be_restored:
        return found
    oldest = min(v.version for v in known if v.can_be_restored)
    whole = f"The oldest version that can be restored is {oldest}. {_see(key)}"
    if number > known[0].version:
        raise VersionError(f"{key.sql} has no version {number}; it is at {known[0].version}.")
    when = "" if found is None else f" of {_moment(found.at)}"
    raise VersionError(
        f"Version {number}{when} of {key.sql} cannot be restored: files of it are gone. Upkeep "
        f"removes what was replaced more than {retention_days} days ago (C360_RETENTION_DAYS). "
        f"{whole}"
    )


def restore_version(lake: Lake, key: TableKey, number: int) -> int:
    """Make a version the present one, in one commit; returns the new Delta version.

    What was the present version stays in the history, so a restore can be undone by another.
    """
    table = lake.delta(key)
    table.restore(number)
    return table.version()


def _see(key: TableKey) -> str:
    return f"`customer360 history {key.sql}` lists them."
