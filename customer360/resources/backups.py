"""Backups of what landing cannot give again: snapshots, people's decisions, models, ids.

A backup is a whole copy, a Delta table below `_backups/<table>/` in the lake. It counts once its
rows and their hash have been read back and written beside it; a copy without that was interrupted
and is removed by the next upkeep.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

from customer360 import keys
from customer360.errors import BackupError
from customer360.fingerprint import content, is_snapshot
from customer360.identity import contract as identity
from customer360.keys import TableKey
from customer360.storage import open_url

if TYPE_CHECKING:
    from customer360.resources.lake import Lake
    from customer360.resources.reading import Reader

# Beside snapshots.
_INPUTS: Final = (
    keys.QUARANTINE_DECISIONS,
    identity.IDENTITY_DECISIONS,
    identity.IDENTITY_CHANGES,
    identity.MATCH_MODELS,
    identity.CUSTOMER_CROSSWALK,
    identity.CUSTOMER_MEMBERS,
    identity.HOUSEHOLD_MEMBERS,
)
# Rows come and go; everywhere else they only come.
_SHRINKING: Final = (identity.CUSTOMER_MEMBERS, identity.HOUSEHOLD_MEMBERS)
NEWEST: Final = "newest"
_FOLDER: Final = "_backups"
_PROOF: Final = "_verified.json"
# How many stay: the newest as-of dates, and of the months before them the newest of each.
DATES_KEPT, MONTHS_KEPT = 7, 12


@dataclass(frozen=True)
class Backup:
    """A verified copy of a table.

    Attributes:
        snapshot: The table, as `gold.customers_snapshot`.
        name: `<seen_on>_<beginning of content>`, by which a restore names it.
        seen_on: The newest as-of date that a snapshot's versions tell of, the day of the last
            change of any other table (YYYY-MM-DD).
        made_at: When the copy was made (ISO 8601, UTC).
        delta_version: Delta version of the snapshot that was copied.
        rows: Its rows.
        content: Hash of all rows.
    """

    snapshot: str
    name: str
    seen_on: str
    made_at: str
    delta_version: int
    rows: int
    content: str


def is_backed_up(lake: Lake, key: TableKey) -> bool:
    """Whether upkeep backs a table of the lake up."""
    return key in _INPUTS or _is_snapshot(lake, key)


def _is_snapshot(lake: Lake, key: TableKey) -> bool:
    return is_snapshot([field.name for field in lake.delta(key).schema().fields])


def backups(lake: Lake, key: TableKey) -> list[Backup]:
    """Verified backups of a table, newest first; empty for those that upkeep does not back up.

    Raises:
        BackupError: What was written beside a backup cannot be read.
    """
    fs, root = open_url(_folder_url(lake, key))
    found = []
    for proof in fs.glob(f"{root}/*/{_PROOF}"):
        try:
            found.append(Backup(**json.loads(fs.cat_file(proof))))
        except (ValueError, TypeError) as error:
            raise BackupError(
                f"{proof} does not say what the backup beside it holds ({error}); expected JSON "
                "with the fields of a backup. Remove that backup, or put the file back."
            ) from error
    return _newest_first(found)


def _newest_first(known: Iterable[Backup]) -> list[Backup]:
    return sorted(known, key=lambda b: (b.seen_on, b.made_at), reverse=True)


def back_up(lake: Lake, key: TableKey, *, dry_run: bool) -> tuple[Backup | None, str]:
    """Copy a table, unless a backup holds the same, and let old backups go.

    Args:
        lake: The lake; the caller holds it.
        key: The table.
        dry_run: Change nothing.

    Returns:
        The backup that was made, or would be; None when there is one of the same content. And a
        warning when the table has lost rows, which it never does by itself; else empty.

    Raises:
        BackupError: The copy does not hold what the table holds.
    """
    known, present = backups(lake, key), _present(lake, key)
    fullest = max(known, key=lambda b: b.rows, default=present)
    warning = ""
    may_shrink = key in _SHRINKING
    if present.rows < fullest.rows and not may_shrink:
        warning = (
            f"{key.sql} has {present.rows:,} rows, its backup {fullest.name} has "
            f"{fullest.rows:,}; it loses none by itself. That backup is kept. Unless you "
            f"meant it: customer360 restore {key.sql} --from-backup {fullest.name}"
        )
    if not present.rows or any(b.content == present.content for b in known):
        return None, warning
    if not dry_run:
        _remove(lake, key, _unfinished(lake, key))
        _copy(lake, key, _backup_key(key, present.name))
        _prove(lake, key, present)
        _remove(lake, key, surplus(present, known, may_shrink=may_shrink))
    return present, warning


def _present(lake: Lake, key: TableKey) -> Backup:
    """What a backup of a table as it is would be."""
    from customer360.resources.reading import open_reader

    with open_reader(lake) as reader:
        rows, hashed = content(reader, key)
        day = str(_seen_on(reader, key))
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    name, version = f"{day}_{hashed[:8]}", lake.delta(key).version()
    return Backup(key.sql, name, day, now, version, rows, hashed)


def _seen_on(reader: Reader, key: TableKey) -> date:
    """The day that a table tells of."""
    if not _is_snapshot(reader.lake, key):
        (last,) = reader.lake.delta(key).history(1)
        return datetime.fromtimestamp(last["timestamp"] / 1000, UTC).date()
    (seen,) = reader.rows(
        "select max(greatest(dbt_valid_from, dbt_valid_to))::date as seen_on "
        f"from {reader.table(key)}"
    )
    return seen["seen_on"] or date(1970, 1, 1)


def surplus(newest: Backup, others: Iterable[Backup], *, may_shrink: bool = False) -> list[str]:
    """Names of backups to let go, once a new one has been made.

    Of an as-of date only the newest stays, of the dates the newest `DATES_KEPT`, of the months
    before those the newest of each of `MONTHS_KEPT`. One with more rows than the new backup stays
    in any case, unless the table may shrink: it has lost something since.
    """
    ordered = _newest_first([newest, *others])
    per_date: dict[str, Backup] = {}
    for backup in ordered:
        per_date.setdefault(backup.seen_on, backup)
    dated = list(per_date.values())
    per_month: dict[str, Backup] = {}
    for backup in dated[DATES_KEPT:]:
        per_month.setdefault(backup.seen_on[:7], backup)
    kept = {b.name for b in [*dated[:DATES_KEPT], *list(per_month.values())[:MONTHS_KEPT]]}
    return [b.name for b in ordered if b.name not in kept and (may_shrink or b.rows <= newest.rows)]


def restore_backup(lake: Lake, key: TableKey, name: str, *, dry_run: bool) -> Backup:
    """Put a backup in the place of its table, in one commit; the table may be gone.

    Args:
        lake: The lake; the caller holds it.
        key: The table.
        name: Name of the backup, or `NEWEST`.
        dry_run: Only find it and read it.

    Raises:
        BackupError: There is no such backup, or it no longer holds what was written.
    """
    from customer360.resources.reading import open_reader

    known = backups(lake, key)
    chosen = next((b for b in known if name in (b.name, NEWEST)), None)
    if chosen is None:
        names = ", ".join(b.name for b in known) or "none"
        raise BackupError(
            f"{key.sql} has no backup {name!r}; backups: {names}. `customer360 upkeep` makes "
            "backups of snapshots, decisions, models and ids, of no other table."
        )
    source = _backup_key(key, chosen.name)
    with open_reader(lake) as reader:
        _compare(chosen, content(reader, source), f"The backup {source.path}")
    if not dry_run:
        _copy(lake, source, key)
        with open_reader(lake) as reader:
            _compare(chosen, content(reader, key), f"The restored {key.sql}")
    return chosen


def require_backed_up(lake: Lake) -> None:
    """Refuse to go on where a table is gone that was backed up: it would begin anew.

    Raises:
        BackupError: A table has backups and is not there.
    """
    root = f"{lake.url}/{_FOLDER}"
    lost = [k for k in map(_backed_up, _names(root)) if not lake.exists(k) and backups(lake, k)]
    if lost:
        commands = "\n".join(f"  customer360 restore {k.sql} --from-backup" for k in lost)
        raise BackupError(
            f"Not there, although there are backups: {', '.join(k.sql for k in lost)}. A run would "
            "begin anew: everybody seen for the first time, other ids, no decisions. Restore what "
            f"was known before:\n{commands}\nTo begin anew, remove its backups below {root}."
        )


def _folder_url(lake: Lake, key: TableKey) -> str:
    return f"{lake.url}/{_FOLDER}/{_folder(key)}"


def _folder(key: TableKey) -> str:
    """Folder of a table's backups; snapshots, which are all of gold, have their own name alone."""
    return key.table if key.layer == keys.GOLD else key.sql


def _backed_up(folder: str) -> TableKey:
    return keys.parse(folder) if "." in folder else keys.gold(folder)


def _backup_key(key: TableKey, name: str) -> TableKey:
    """A backup as a table of the lake; no layer, so nobody takes it for one."""
    return TableKey(f"{_FOLDER}/{_folder(key)}", name)


def _copy(lake: Lake, source: TableKey, target: TableKey) -> None:
    """Make one table hold the rows of another, streaming, in one commit."""
    from deltalake import write_deltalake

    reader = lake.dataset(source).scanner().to_reader()
    there = lake.exists(target)
    write_deltalake(
        lake.table_url(target),
        reader,
        mode="overwrite" if there else "error",
        schema_mode="overwrite" if there else None,
    )


def _prove(lake: Lake, key: TableKey, backup: Backup) -> None:
    """Read a copy back and write down beside it what it holds."""
    from customer360.resources.reading import open_reader

    with open_reader(lake) as reader:
        copied = content(reader, _backup_key(key, backup.name))
    _compare(backup, copied, f"The new backup {backup.name} of {key.sql}")
    fs, root = open_url(_folder_url(lake, key))
    fs.pipe_file(f"{root}/{backup.name}/{_PROOF}", json.dumps(asdict(backup)).encode())


def _compare(expected: Backup, found: tuple[int, str], what: str) -> None:
    if found != (expected.rows, expected.content):
        raise BackupError(
            f"{what} has {found[0]:,} rows with hash {found[1]}, expected {expected.rows:,} with "
            f"{expected.content}. Nothing else was changed; `customer360 history` lists other "
            "backups and versions."
        )


def _unfinished(lake: Lake, key: TableKey) -> list[str]:
    """Names of copies that were interrupted before they were verified."""
    verified = {backup.name for backup in backups(lake, key)}
    return [name for name in _names(_folder_url(lake, key)) if name not in verified]


def _names(url: str) -> list[str]:
    """Names of what lies in a folder, sorted; none if there is no such folder."""
    fs, root = open_url(url)
    if not fs.exists(root):
        return []
    return sorted(str(path).rstrip("/").rsplit("/", 1)[-1] for path in fs.ls(root, detail=False))


def _remove(lake: Lake, key: TableKey, names: Sequence[str]) -> None:
    fs, root = open_url(_folder_url(lake, key))
    for name in names:
        fs.rm(f"{root}/{name}", recursive=True)
