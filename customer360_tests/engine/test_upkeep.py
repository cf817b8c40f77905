"""Upkeep of tables as both engines' tools write them, and the way back to an earlier version."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from customer360 import keys
from customer360.cli import main
from customer360.errors import UpkeepError, VersionError
from customer360.fingerprint import content
from customer360.resources.lake import Lake
from customer360.resources.reading import open_reader
from customer360.resources.session import Engine
from customer360.resources.upkeep import CHECKPOINT_INTERVAL, CROWD, Tended, tend, tend_lake
from customer360.resources.versions import find_version, history, restore_version, version_at
from customer360.resources.watermarks import (
    Increment,
    carry_over,
    increments,
    record_increments,
)
from customer360_tests.aging import age
from customer360_tests.builders import DAY, land, record

DAYS = 30
SALES = keys.silver("shop__sales")
PRICES = keys.gold("prices")
LATER = DAY + timedelta(days=1)


def _sales(engine: Engine, batches: int) -> None:
    """A table by landing day: two days with many small files each, one day with a single file."""
    columns = [("sale_id", "string"), ("amount", "decimal(18,2)"), ("landed_on", "date")]
    engine.create(SALES, columns, partitioned=True)
    for n in range(batches):
        for day in (DAY, LATER):
            engine.session.sql(
                f"insert into {SALES.sql} select 'S{n}', cast({n}.50 as decimal(18,2)), date'{day}'"
            )
    engine.session.sql(
        f"insert into {SALES.sql} select 'X', cast(1 as decimal(18,2)), date'2026-02-01'"
    )


def _prices(engine: Engine, *prices: int) -> None:
    """A table that is replaced whole, once per price."""
    engine.create(PRICES, [("price", "int")], partitioned=False)
    for price in prices:
        engine.session.sql(f"insert overwrite {PRICES.sql} select cast({price} as int)")


def _content(lake: Lake, key: keys.TableKey) -> tuple[int, str]:
    with open_reader(lake) as reader:
        return content(reader, key)


def _price(lake: Lake, version: int | None = None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = lake.delta(PRICES, version).to_pyarrow_table().to_pylist()
    return rows


def _disk(lake: Lake) -> dict[str, int]:
    """Every file of a lake with the time of its last change."""
    paths = (p for p in Path(lake.url).rglob("*") if p.is_file() and "_locks" not in p.parts)
    return {str(path): path.stat().st_mtime_ns for path in paths}


def _silent(sentence: str) -> None:
    del sentence


# compaction


def test_crowded_days_are_merged_and_nothing_else_changes(engine: Engine) -> None:
    lake = engine.lake
    _sales(engine, CROWD)
    before = _content(lake, SALES)
    tended = tend(lake, SALES, DAYS, dry_run=False)
    assert (tended.files_before, tended.files_after) == (2 * CROWD + 1, 3)
    table = lake.delta(SALES)
    assert table.metadata().partition_columns == ["landed_on"]
    protocol = table.protocol()
    assert (protocol.min_reader_version, protocol.reader_features) == (1, None)
    by_day = pa.table(table.get_add_actions(flatten=True)).column("partition.landed_on")
    assert sorted(by_day.to_pylist()) == [DAY, LATER, date(2026, 2, 1)]
    assert _content(lake, SALES) == before
    assert lake.row_count(SALES) == 2 * CROWD + 1
    # The engine goes on with what delta-rs wrote, its checkpoint included.
    engine.session.sql(f"insert into {SALES.sql} replace where landed_on = date'{DAY}' "
                       f"select 'N', cast(2 as decimal(18,2)), date'{DAY}'")  # fmt: skip
    assert engine.session.table(SALES.sql).count() == CROWD + 2


def test_table_without_work_gets_no_commit(engine: Engine) -> None:
    lake = engine.lake
    _sales(engine, CROWD - 1)
    first = tend(lake, SALES, DAYS, dry_run=False)
    assert not first.has_work
    # The first time, the table learns how long its versions are kept.
    kept = lake.delta(SALES).metadata().configuration
    assert kept["delta.logRetentionDuration"] == f"interval {DAYS} days"
    assert first.version_after == first.version_before + 1
    disk = _disk(lake)
    assert tend(lake, SALES, DAYS, dry_run=False).version_after == first.version_after
    assert _disk(lake) == disk


def test_retention_survives_that_a_model_is_built_anew(engine: Engine) -> None:
    _prices(engine, 1)
    tend(engine.lake, PRICES, 45, dry_run=False)
    engine.session.sql(
        f'create or replace table {PRICES.sql} using delta options (overwriteSchema "true") '
        f"location '{engine.lake.table_url(PRICES)}' as select cast(2 as int) as price"
    )
    kept = engine.lake.delta(PRICES).metadata().configuration
    assert kept["delta.deletedFileRetentionDuration"] == "interval 45 days"


# retention


@pytest.fixture
def aged(engine: Engine) -> Engine:
    """Prices 1 to 3 of forty days ago (the last replaced only now), then 10 and 11."""
    _prices(engine, 1, 2, 3)
    folder = Path(engine.lake.table_url(PRICES))
    (folder / "left-by-a-killed-writer.parquet").write_text("half a file")
    age(engine.lake, PRICES, 40)
    _prices(engine, 10, 11)
    (folder / "being-written.parquet").write_text("half a file")
    return engine


def test_only_files_that_no_version_inside_the_retention_needs_are_removed(aged: Engine) -> None:
    lake = aged.lake
    tended = tend(lake, PRICES, DAYS, dry_run=False)
    assert tended.removed_files == 3
    assert tended.removed_bytes > 0
    names = {path.name for path in Path(lake.table_url(PRICES)).iterdir()}
    assert "left-by-a-killed-writer.parquet" not in names
    assert "being-written.parquet" in names
    # Version 0 is empty; 1 and 2 were replaced forty days ago, 3 only now.
    whole = [v.version for v in history(lake, PRICES) if v.can_be_restored]
    assert {1, 2} & set(whole) == set()
    assert {0, 3, 4, 5} <= set(whole)
    assert [_price(lake, v) for v in (3, 4, 5)] == [[{"price": p}] for p in (3, 10, 11)]
    seen = aged.session.sql(f"select price from {PRICES.sql} version as of 3").collect()
    assert [row.price for row in seen] == [3]


def test_version_behind_the_retention_is_refused_clearly(aged: Engine) -> None:
    lake = aged.lake
    tend(lake, PRICES, DAYS, dry_run=False)
    now = lake.delta(PRICES).version()
    with pytest.raises(VersionError) as error:
        find_version(lake, PRICES, 2, DAYS)
    told = str(error.value)
    assert "Version 2 of 20" in told
    assert "30 days ago (C360_RETENTION_DAYS)" in told
    assert "The oldest version that can be restored is 0" in told
    with pytest.raises(VersionError, match=f"no version 99; it is at {now}"):
        find_version(lake, PRICES, 99, DAYS)
    assert lake.delta(PRICES).version() == now


def test_version_of_a_time_is_the_last_one_committed_until_then(aged: Engine) -> None:
    commits = {v.version: v.at for v in history(aged.lake, PRICES)}
    assert version_at(aged.lake, PRICES, commits[2]) == 2
    assert version_at(aged.lake, PRICES, commits[4] - timedelta(days=20)) == 3
    with pytest.raises(VersionError, match="the oldest that its log tells of is version 0"):
        version_at(aged.lake, PRICES, datetime(2020, 1, 1, tzinfo=UTC))


def test_commits_behind_the_retention_leave_the_log_and_the_table_stays(engine: Engine) -> None:
    lake = engine.lake
    _prices(engine, 1, 2, 3)
    lake.delta(PRICES).create_checkpoint()
    age(lake, PRICES, 40)
    _prices(engine, 10)
    tend(lake, PRICES, DAYS, dry_run=False)
    log = {p.name for p in (Path(lake.table_url(PRICES)) / "_delta_log").iterdir()}
    assert "00000000000000000000.json" not in log
    assert _price(lake) == [{"price": 10}]
    with pytest.raises(VersionError, match=r"Version 1 of gold\.prices cannot be restored"):
        find_version(lake, PRICES, 1, DAYS)
    assert lake.changed_days(PRICES, 1, 4) is None
    _prices(engine, 11)
    assert _price(lake) == [{"price": 11}]


def test_log_of_many_commits_gets_a_checkpoint_once(engine: Engine) -> None:
    lake = engine.lake
    row = pa.table({"price": pa.array([1], pa.int32())})
    for _ in range(CHECKPOINT_INTERVAL):
        lake.replace_where(PRICES, row, "price = 1")
    log = Path(lake.table_url(PRICES)) / "_delta_log"
    assert list(log.glob("*.checkpoint.parquet")) == []
    for _ in range(2):
        tend(lake, PRICES, DAYS, dry_run=False)
        assert len(list(log.glob("*.checkpoint.parquet"))) == 1
    assert [row.price for row in engine.table(PRICES).collect()] == [1]


def test_dry_run_says_the_same_and_touches_nothing(aged: Engine) -> None:
    lake = aged.lake
    _sales(aged, CROWD)
    disk, told = _disk(lake), []
    planned = tend_lake(lake, DAYS, told.append, dry_run=True)
    assert _disk(lake) == disk
    assert told == ["gold.prices: 3 files removed", "silver.shop__sales: 9 files to 3"]
    done = tend_lake(lake, DAYS, _silent, dry_run=False)
    assert [_figures(t) for t in planned.tables] == [_figures(t) for t in done.tables]


def _figures(tended: Tended) -> tuple[Any, ...]:
    return (
        tended.key,
        tended.files_before,
        tended.files_after,
        tended.removed_files,
        tended.removed_bytes,
    )


def test_damaged_table_does_not_keep_the_others_from_upkeep(aged: Engine) -> None:
    lake = aged.lake
    _sales(aged, CROWD)
    for key in (SALES, keys.gold("broken")):
        log = Path(lake.table_url(key)) / "_delta_log"
        log.mkdir(parents=True, exist_ok=True)
        (log / f"{2:020}.json").write_text("{")
    told: list[str] = []
    with pytest.raises(
        UpkeepError, match=r"tended:\n  - gold\.broken: .*\n  - silver\.shop__sales: "
    ):
        tend_lake(lake, DAYS, told.append, dry_run=False)
    assert told == ["gold.prices: 3 files removed"]


# what increments are built from


def test_upkeep_does_not_make_an_incremental_table_be_built_whole(engine: Engine) -> None:
    lake = engine.lake
    _sales(engine, CROWD)
    _prices(engine, 1)
    models = {PRICES.table: SALES.table}
    built = [Increment(PRICES.table, SALES.table, lake.delta(SALES).version(), None)]
    record_increments(lake, built, "project")
    done = tend_lake(lake, DAYS, _silent, dry_run=False)
    assert next(t for t in done.tables if t.key == SALES).files_after == 3
    assert [i.days for i in increments(lake, models, "project")] == [()]
    engine.session.sql(
        f"insert into {SALES.sql} select 'late', cast(1 as decimal(18,2)), date'{LATER}'"
    )
    assert [i.days for i in increments(lake, models, "project")] == [(LATER,)]


def test_watermark_of_a_version_before_upkeep_stays(engine: Engine) -> None:
    lake = engine.lake
    _sales(engine, 1)
    _prices(engine, 1)
    built = [Increment(PRICES.table, SALES.table, lake.delta(SALES).version() - 1, None)]
    record_increments(lake, built, "project")
    carry_over(lake, {SALES: (lake.delta(SALES).version(), 77)})
    (found,) = increments(lake, {PRICES.table: SALES.table}, "project")
    assert found.days == (date(2026, 2, 1),)


# history and restore from the command line

Command = Callable[..., Result]


@pytest.fixture
def command(engine: Engine) -> Command:
    """Runs `customer360 …` on the lake."""

    def run(*arguments: str, answer: str = "") -> Result:
        environment = {"C360_LAKE": engine.lake.url, "COLUMNS": "200"}
        return CliRunner().invoke(main, arguments, env=environment, input=answer)

    return run


def test_history_lists_versions_with_time_operation_and_what_is_whole(
    aged: Engine, command: Command
) -> None:
    tend(aged.lake, PRICES, DAYS, dry_run=False)
    result = command("history", "gold/prices", "--json")
    assert result.exit_code == 0, result.output
    versions = {v["version"]: v for v in json.loads(result.stdout)["versions"]}
    assert (versions[5]["operation"], versions[5]["rows"]) == ("WRITE", 1)
    assert versions[5]["at"].endswith("Z")
    assert [versions[n]["can_be_restored"] for n in (1, 2, 3)] == [False, False, True]
    shown = command("history", "gold.prices", "--limit", "2").stdout
    assert "VACUUM END" in shown
    assert "WRITE" not in shown


def test_restore_dry_run_and_refusal_change_nothing(aged: Engine, command: Command) -> None:
    disk = _disk(aged.lake)
    told = command("restore", "gold.prices", "--version", "3", "--dry-run")
    assert told.exit_code == 0, told.output
    assert "version 3" in told.output
    assert "Dry run, nothing was changed." in told.output
    refused = command("restore", "gold.prices", "--version", "3", answer="n\n")
    unanswered = command("restore", "gold.prices", "--version", "3")
    assert (refused.exit_code, unanswered.exit_code) == (1, 1)
    assert _disk(aged.lake) == disk


def test_restore_is_one_commit_that_another_can_undo(aged: Engine, command: Command) -> None:
    lake = aged.lake
    result = command("restore", "gold.prices", "--version", "3", "--yes")
    assert result.exit_code == 0, result.output
    assert "gold.prices is at version 6, which holds what 3 held" in result.output
    assert _price(lake) == [{"price": 3}]
    assert [row.price for row in aged.session.table(PRICES.sql).collect()] == [3]
    at = f"{history(lake, PRICES)[1].at + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}"
    assert version_at(lake, PRICES, datetime.fromisoformat(f"{at}+00:00")) in (5, 6)
    assert command("restore", "gold.prices", "--version", "5", answer="y\n").exit_code == 0
    assert _price(lake) == [{"price": 11}]


def test_restore_to_a_time(aged: Engine, command: Command) -> None:
    twenty_days_ago = f"{datetime.now(UTC) - timedelta(days=20):%Y-%m-%d}"
    result = command("restore", "gold.prices", "--at", twenty_days_ago, "--yes")
    assert result.exit_code == 0, result.output
    assert _price(aged.lake) == [{"price": 3}]


def test_restored_silver_names_the_days_to_load_again(engine: Engine, command: Command) -> None:
    _sales(engine, 2)
    now = engine.lake.delta(SALES).version()
    told = command("restore", SALES.sql, "--version", str(now - 2), "--dry-run").output
    assert "will not close with the ledger" in told
    assert f"customer360 run --from {LATER} --to 2026-02-01" in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gold.prices"], "Name what to restore by one of"),
        (["gold.prices", "--version", "1", "--at", "2026-01-01"], "Name what to restore by one of"),
        (["prices", "--version", "1"], "is not the name of a table"),
        (["gold.nothing", "--version", "1"], "Table gold.nothing not found"),
        (["gold.prices", "--from-backup"], "gold.prices has no backup 'newest'; backups: none"),
        (["gold.prices", "--version", "5"], "at version 5 already; nothing to do"),
    ],
)
def test_restore_of_what_is_not_there_says_what_to_do(
    aged: Engine, command: Command, arguments: list[str], said: str
) -> None:
    disk = _disk(aged.lake)
    assert said in command("restore", *arguments, "--yes").output.replace("\n", " ")
    assert _disk(aged.lake) == disk


def test_a_restored_version_is_not_removed_by_the_next_upkeep(aged: Engine) -> None:
    lake = aged.lake
    restore_version(lake, PRICES, 2)
    tend(lake, PRICES, DAYS, dry_run=False)
    assert _price(lake) == [{"price": 2}]


def test_upkeep_command_holds_the_lake_and_closes_with_a_table(
    aged: Engine, command: Command
) -> None:
    planned = command("upkeep", "--dry-run")
    assert "Dry run, nothing was changed: 1 of 1 tables have work" in planned.output
    scratch = Path(aged.lake.scratch_url("left"))
    scratch.mkdir(parents=True)
    done = command("upkeep")
    assert done.exit_code == 0, done.output
    assert "1 of 1 tables had work" in done.output
    assert json.loads((Path(aged.lake.url) / "_locks" / "writer.json").read_text())["what"] == (
        "customer360 upkeep"
    )
    assert not scratch.exists(), "who holds the lake clears away what a killed writer left"
    assert "0 of 1 tables had work" in command("upkeep").output


def test_upkeep_of_an_empty_lake_is_refused(command: Command) -> None:
    result = command("upkeep")
    assert result.exit_code == 1
    assert "has no tables" in result.output


def test_landing_files_are_never_touched(aged: Engine) -> None:
    path = land(aged.lake, "pos__receipts", [record("pos__receipts")])
    old = path.stat().st_mtime - 400 * 86_400
    os.utime(path, (old, old))
    tend_lake(aged.lake, DAYS, _silent, dry_run=False)
    assert path.exists()
