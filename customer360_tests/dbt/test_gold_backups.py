"""Backups of snapshots: made by upkeep, verified, bounded in number, and the way back from one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from customer360 import keys
from customer360.cli import main
from customer360.commands.dbt import run_dbt
from customer360.errors import BackupError
from customer360.fingerprint import content
from customer360.identity import contract as identity
from customer360.resources.backups import (
    DATES_KEPT,
    MONTHS_KEPT,
    Backup,
    back_up,
    backups,
    is_backed_up,
    require_backed_up,
    restore_backup,
    surplus,
)
from customer360.resources.lake import Lake, column_types
from customer360.resources.reading import open_reader
from customer360.settings import Settings
from customer360_tests.dbt.gold import Gold, put_identity

SNAPSHOT = keys.gold("customers_snapshot")
PRODUCTS = keys.gold("products_snapshot")
FIRST, SECOND, THIRD = date(2026, 1, 20), date(2026, 1, 21), date(2026, 1, 22)
Command = Callable[..., Result]


def see(gold: Gold, emails: dict[str, str], as_of: date) -> None:
    """Let a run of the snapshots see customers with these addresses."""
    customers = [{"customer_id": c, "email": e, "record_count": 1} for c, e in emails.items()]
    put_identity(gold.engine, identity.CUSTOMERS, customers)
    select = ("--select", "+customers_snapshot", "+products_snapshot")
    gold.run("build", *select, "--exclude-resource-type", "test", as_of=as_of)


@pytest.fixture
def own(own: Gold) -> Gold:
    """A lake whose customers' snapshot has seen two people, and nobody a product."""
    see(own, {"C1": "a@x", "C2": "b@x"}, FIRST)
    return own


@pytest.fixture
def command(own: Gold) -> Command:
    """Runs `customer360 …` on the lake."""

    def run(*arguments: str) -> Result:
        environment = {"C360_LAKE": own.engine.lake.url, "COLUMNS": "200"}
        return CliRunner().invoke(main, arguments, env=environment)

    return run


def _content(lake: Lake, key: keys.TableKey = SNAPSHOT) -> tuple[int, str]:
    with open_reader(lake) as reader:
        return content(reader, key)


def _made(lake: Lake) -> Backup:
    backup, warning = back_up(lake, SNAPSHOT, dry_run=False)
    assert backup is not None
    assert warning == ""
    return backup


def _folder(lake: Lake) -> Path:
    return Path(lake.url) / "_backups" / SNAPSHOT.table


def test_upkeep_backs_up_what_changed_and_a_lost_snapshot_comes_back(
    own: Gold, command: Command
) -> None:
    lake = own.engine.lake
    kept = [k for k in lake.tables() if is_backed_up(lake, k)]
    assert kept == [SNAPSHOT, PRODUCTS, identity.CUSTOMER_CROSSWALK]
    assert "1 snapshots would be backed up" in command("upkeep", "--dry-run").output
    assert backups(lake, SNAPSHOT) == []
    told = command("upkeep").output
    assert "Backup of gold.customers_snapshot: 2026-01-20_" in told
    assert "1 snapshots backed up" in told, "empty ones need none"
    assert "0 snapshots backed up" in command("upkeep").output
    see(own, {"C1": "c@x"}, SECOND)
    whole, types = _content(lake), list(column_types(lake.delta(SNAPSHOT)))
    assert command("upkeep").exit_code == 0
    shutil.rmtree(lake.table_url(SNAPSHOT))

    # Nobody begins a new one by mistake.
    with pytest.raises(BackupError, match=r"restore gold\.customers_snapshot --from-backup"):
        run_dbt(Settings(lake=lake.url), ["snapshot"])
    listed = command("history", SNAPSHOT.sql).output
    assert "gold.customers_snapshot is not there any more" in listed
    assert "2026-01-21_" in listed
    assert "Dry run" in command("restore", SNAPSHOT.sql, "--from-backup", "--dry-run").output
    assert not lake.exists(SNAPSHOT)
    restored = command("restore", SNAPSHOT.sql, "--yes", "--from-backup")
    assert restored.exit_code == 0, restored.output

    assert _content(lake) == whole
    assert list(column_types(lake.delta(SNAPSHOT))) == types
    assert lake.delta(SNAPSHOT).protocol().min_reader_version == 1
    require_backed_up(lake)
    see(own, {"C1": "c@x", "C2": "b@x"}, THIRD)
    columns = ("customer_id", "email", "dbt_valid_from", "dbt_valid_to")
    versions = [
        (r["customer_id"], r["email"], *(r[c] and r[c].date() for c in columns[2:]))
        for r in own.rows(SNAPSHOT.table, *columns)
    ]
    assert versions == [
        ("C1", "a@x", FIRST, SECOND),
        ("C1", "c@x", SECOND, None),
        ("C2", "b@x", FIRST, SECOND),
        ("C2", "b@x", THIRD, None),
    ]


def test_snapshot_that_is_there_goes_back_to_a_named_backup_in_one_commit(own: Gold) -> None:
    lake = own.engine.lake
    before = _content(lake)
    backup = _made(lake)
    see(own, {"C1": "c@x"}, SECOND)
    version = lake.delta(SNAPSHOT).version()
    restore_backup(lake, SNAPSHOT, backup.name, dry_run=False)
    assert _content(lake) == before
    assert lake.delta(SNAPSHOT).version() == version + 1


def test_snapshot_that_lost_versions_is_told_and_its_fuller_backup_stays(own: Gold) -> None:
    lake = own.engine.lake
    full = _made(lake)
    lake.delta(SNAPSHOT).delete("customer_id = 'C1'")
    backup, warning = back_up(lake, SNAPSHOT, dry_run=False)
    assert backup is not None
    assert "has 1 rows, its backup" in warning
    assert f"--from-backup {full.name}" in warning
    assert {b.name for b in backups(lake, SNAPSHOT)} == {full.name, backup.name}
    assert back_up(lake, SNAPSHOT, dry_run=False) == (None, warning), "told until it is restored"
    restore_backup(lake, SNAPSHOT, full.name, dry_run=False)
    assert back_up(lake, SNAPSHOT, dry_run=False) == (None, "")


def test_snapshot_whose_log_cannot_be_read_comes_back_when_its_folder_is_out_of_the_way(
    own: Gold, command: Command, tmp_path: Path
) -> None:
    lake = own.engine.lake
    _made(lake)
    whole = _content(lake)
    log = Path(lake.table_url(SNAPSHOT)) / "_delta_log"
    (log / f"{lake.delta(SNAPSHOT).version() + 1:020}.json").write_text("{")
    assert command("upkeep").exit_code == 1
    refused = command("restore", SNAPSHOT.sql, "--yes", "--from-backup")
    assert refused.exit_code == 1
    shutil.move(lake.table_url(SNAPSHOT), tmp_path / "out-of-the-way")
    restored = command("restore", SNAPSHOT.sql, "--yes", "--from-backup")
    assert restored.exit_code == 0, restored.output
    assert _content(lake) == whole


def test_backup_that_was_changed_is_not_restored(own: Gold, command: Command) -> None:
    lake = own.engine.lake
    backup = _made(lake)
    lake.delta(keys.TableKey(f"_backups/{SNAPSHOT.table}", backup.name)).update(
        updates={"email": "'x@x'"}, predicate="customer_id = 'C1'"
    )
    before = lake.delta(SNAPSHOT).version()
    refused = command("restore", SNAPSHOT.sql, "--yes", "--from-backup")
    assert refused.exit_code == 1
    assert "has 2 rows with hash" in refused.output
    assert lake.delta(SNAPSHOT).version() == before


def test_copy_that_was_interrupted_is_no_backup_and_goes(own: Gold) -> None:
    lake = own.engine.lake
    shutil.copytree(lake.table_url(SNAPSHOT), _folder(lake) / "2026-01-20_00000000")
    assert backups(lake, SNAPSHOT) == []
    with pytest.raises(BackupError, match="has no backup 'newest'; backups: none"):
        restore_backup(lake, SNAPSHOT, "newest", dry_run=False)
    backup = _made(lake)
    assert [path.name for path in _folder(lake).iterdir()] == [backup.name]


def test_backup_whose_proof_is_damaged_is_neither_used_nor_removed(own: Gold) -> None:
    lake = own.engine.lake
    backup = _made(lake)
    (_folder(lake) / backup.name / "_verified.json").write_text("{}")
    for use in (lambda: restore_backup(lake, SNAPSHOT, "newest", dry_run=False),
                lambda: back_up(lake, SNAPSHOT, dry_run=False)):  # fmt: skip
        with pytest.raises(BackupError, match="does not say what the backup beside it holds"):
            use()
    assert [path.name for path in _folder(lake).iterdir()] == [backup.name]


def test_second_backup_of_an_as_of_date_takes_the_place_of_the_first(own: Gold) -> None:
    lake = own.engine.lake
    _made(lake)
    see(own, {"C1": "a@x", "C2": "b@x", "C3": "c@x"}, FIRST)
    second = _made(lake)
    assert backups(lake, SNAPSHOT) == [second]
    assert [path.name for path in _folder(lake).iterdir()] == [second.name]


# which backups stay


def _of(day: date, rows: int = 10, at: str = "2026-02-01") -> Backup:
    return Backup(SNAPSHOT.sql, f"{day}_{at}", str(day), at, 0, rows, f"{day}{at}")


def test_newest_dates_and_one_of_each_month_before_them_stay() -> None:
    every_day = [_of(date(2024, 1, 1) + timedelta(days=n)) for n in range(700)]
    newest = every_day[-1]
    gone = set(surplus(newest, every_day[:-1]))
    kept = sorted((b.seen_on for b in every_day if b.name not in gone), reverse=True)
    assert len(kept) == DATES_KEPT + MONTHS_KEPT
    assert kept[:DATES_KEPT] == [b.seen_on for b in every_day[: -DATES_KEPT - 1 : -1]]
    months = ["2025-11-23"] + [
        str(date(2024 + m // 12, m % 12 + 1, 1) - timedelta(days=1)) for m in range(22, 11, -1)
    ]
    assert kept[DATES_KEPT:] == months


def test_a_fuller_backup_than_the_new_one_stays_whatever_its_age() -> None:
    old = [_of(date(2020, 1, 1) + timedelta(days=40 * n)) for n in range(40)]
    full = _of(date(2019, 1, 1), rows=11)
    gone = surplus(_of(date(2026, 1, 1)), [*old, full])
    assert full.name not in gone
    assert len(gone) == 40 + 1 - DATES_KEPT - MONTHS_KEPT
