"""Upkeep of the lake's tables: small files are merged, what no kept version needs is removed.

Nothing here changes a row. Which versions of a table can be restored is in `resources.versions`,
the copies of what cannot be derived again in `resources.backups`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from customer360.errors import Customer360Error, UpkeepError
from customer360.resources import match_marks, watermarks
from customer360.resources.backups import Backup, back_up, is_backed_up
from customer360.storage import open_url

if TYPE_CHECKING:
    from deltalake import DeltaTable

    from customer360.keys import TableKey
    from customer360.resources.lake import Lake

# A file below this size costs a reader more to open than to read.
SMALL_FILE_BYTES: Final = 32 * 2**20
TARGET_FILE_BYTES: Final = 128 * 2**20
# So many small files in one partition are worth a commit. A day's load writes one or two.
CROWD: Final = 4
# Commits that a reader opens one by one; the embedded engine writes a checkpoint as often, delta-rs
# only every hundred. Not more often, as the engine reads no version before the last checkpoint.
CHECKPOINT_INTERVAL: Final = 10
_DAY: Final = "landed_on"
_RETENTIONS: Final = ("delta.logRetentionDuration", "delta.deletedFileRetentionDuration")


@dataclass(frozen=True)
class Tended:
    """What upkeep did to a table, or would do.

    Attributes:
        key: The table.
        files_before: Files of its present version.
        files_after: The same afterwards; of a dry run an estimate, one file per crowded partition.
        removed_files: Files on disk that no kept version needs.
        removed_bytes: Their bytes.
        version_before: Its Delta version.
        version_after: The same afterwards.
    """

    key: TableKey
    files_before: int
    files_after: int
    removed_files: int
    removed_bytes: int
    version_before: int
    version_after: int

    @property
    def has_work(self) -> bool:
        """Whether there was anything to merge or to remove."""
        return self.files_before != self.files_after or self.removed_files > 0


@dataclass(frozen=True)
class Upkeep:
    """What upkeep did to a lake, or would do.

    Attributes:
        tables: Every table.
        backups: Backups of snapshots that were made; empty for those whose newest is still true.
        warnings: What somebody should look at.
    """

    tables: tuple[Tended, ...]
    backups: tuple[Backup, ...]
    warnings: tuple[str, ...]


def tend_lake(
    lake: Lake, retention_days: int, tell: Callable[[str], None], *, dry_run: bool
) -> Upkeep:
    """Tend every table; what landing cannot give again is backed up before.

    Args:
        lake: The lake; the caller holds it.
        retention_days: Days for which earlier versions stay readable.
        tell: Called with a sentence per table that had work.
        dry_run: Change nothing.

    Raises:
        UpkeepError: Some tables could not be tended; all others are.
    """
    import duckdb
    from deltalake.exceptions import DeltaError

    made, warnings, done, problems = [], [], [], []
    for key in lake.tables():
        try:
            if is_backed_up(lake, key):
                backup, warning = back_up(lake, key, dry_run=dry_run)
                made += [backup] if backup else []
                warnings += [warning] if warning else []
            tended = tend(lake, key, retention_days, dry_run=dry_run)
        except (DeltaError, OSError, duckdb.Error, Customer360Error) as error:
            # One damaged table is no reason to leave the others; it is told at the end, without the
            # library's stack that follows in its message.
            problems.append(f"  - {key.sql}: {str(error).partition(chr(10))[0]}")
            continue
        done.append(tended)
        if tended.has_work:
            tell(_sentence(tended))
    if not dry_run:
        moved = {t.key: (t.version_before, t.version_after) for t in done}
        watermarks.carry_over(lake, moved)
        match_marks.carry_over(lake, moved)
    if problems:
        raise UpkeepError("\n".join(["Tables that could not be tended:", *problems, *warnings]))
    return Upkeep(tuple(done), tuple(made), tuple(warnings))


def _sentence(tended: Tended) -> str:
    merged = f"{tended.files_before:,} files to {tended.files_after:,}"
    removed = f"{tended.removed_files:,} files removed"
    parts = (merged, tended.files_before != tended.files_after), (removed, tended.removed_files)
    return f"{tended.key.sql}: " + ", ".join(text for text, told in parts if told)


def tend(lake: Lake, key: TableKey, retention_days: int, *, dry_run: bool) -> Tended:
    """Merge a table's small files and remove what no version within the retention needs.

    Partitions, the table's protocol and every row stay as they are. A table that needs nothing and
    knows how long its versions are kept gets no commit.
    """
    table = lake.delta(key)
    version, files = table.version(), _file_count(table)
    crowded = _crowded(table)
    merged = sum(crowded.values()) - len(crowded)
    if not dry_run:
        _keep_versions(table, retention_days)
        if crowded:
            _merge(table, crowded)
            merged = files - _file_count(table)
    removed, size = _remove_expired(lake, key, table, retention_days, dry_run=dry_run)
    if not dry_run:
        if _commits_since_checkpoint(lake, key, table.version()) >= CHECKPOINT_INTERVAL:
            table.create_checkpoint()
        # Commits behind the retention go when a checkpoint behind it stands for them.
        table.cleanup_metadata()
    return Tended(key, files, files - merged, removed, size, version, table.version())


def _commits_since_checkpoint(lake: Lake, key: TableKey, version: int) -> int:
    fs, log = open_url(f"{lake.table_url(key)}/_delta_log")
    names = (str(path).rsplit("/", 1)[-1] for path in fs.glob(f"{log}/*.checkpoint*.parquet"))
    return version - max((int(name.partition(".")[0]) for name in names), default=-1)


def _file_count(table: DeltaTable) -> int:
    return len(table.file_uris())


def _crowded(table: DeltaTable) -> Counter[Any]:
    """Small files of the partitions that hold many: landing day (None without partitions) → count.

    Raises:
        UpkeepError: The table is partitioned by something else.
    """
    import pyarrow as pa

    partitions = table.metadata().partition_columns
    if partitions not in ([], [_DAY]):
        raise UpkeepError(
            f"{table.table_uri} is partitioned by {', '.join(partitions)}; tables of the lake are "
            f"partitioned by {_DAY} or not at all. Load it anew."
        )
    actions = pa.table(table.get_add_actions(flatten=True))
    sizes = actions.column("size_bytes").to_pylist()
    days = actions.column(f"partition.{_DAY}").to_pylist() if partitions else [None] * len(sizes)
    small = Counter(day for day, size in zip(days, sizes, strict=True) if size < SMALL_FILE_BYTES)
    return Counter({day: count for day, count in small.items() if count >= CROWD})


def _merge(table: DeltaTable, crowded: Iterable[Any]) -> None:
    days = [str(day) for day in crowded if day is not None]
    table.optimize.compact(
        partition_filters=[(_DAY, "in", days)] if days else None,
        target_size=TARGET_FILE_BYTES,
        # One partition at a time: what is in memory does not grow with their number.
        max_concurrent_tasks=1,
    )


def _keep_versions(table: DeltaTable, retention_days: int) -> None:
    """Tell every writer of the table how long its log and removed files are kept.

    Writers clean the log by themselves when they write a checkpoint, after 30 days unless told.
    """
    wanted = dict.fromkeys(_RETENTIONS, f"interval {retention_days} days")
    known = table.metadata().configuration
    if any(known.get(name) != value for name, value in wanted.items()):
        table.alter.set_table_properties(wanted)


def _remove_expired(
    lake: Lake, key: TableKey, table: DeltaTable, retention_days: int, *, dry_run: bool
) -> tuple[int, int]:
    """Remove files that no kept version names, a killed writer's too; their count and bytes."""

    def vacuum(*, dry: bool) -> list[str]:
        return table.vacuum(
            retention_days * 24, dry_run=dry, enforce_retention_duration=False, full=True
        )

    # The log names expired files until a checkpoint forgets them, also when they are long removed;
    # and a vacuum writes two commits even when it finds nothing.
    sizes = _sizes(lake, key)
    expired = [sizes[path] for path in vacuum(dry=True) if path in sizes]
    if expired and not dry_run:
        vacuum(dry=False)
    return len(expired), sum(expired)


def _sizes(lake: Lake, key: TableKey) -> dict[str, int]:
    """Bytes of every file of a table, by its path below the table."""
    fs, root = open_url(lake.table_url(key))
    found = fs.find(root, detail=True).items()
    return {str(path)[len(root) + 1 :]: int(info["size"]) for path, info in found}
