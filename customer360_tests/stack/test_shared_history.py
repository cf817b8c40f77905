"""Several processes on one history: Dagster's storage on PostgreSQL, as on a server."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from customer360 import keys
from customer360.automation.jobs import REFRESH_JOB, range_tags
from customer360.resources.held_lake import PROCESS_TAG
from customer360.resources.lake import Lake
from customer360.settings import Settings
from customer360_tests.builders import DAY, land, record
from customer360_tests.dagster_dev import DagsterDev, dagster_dev
from customer360_tests.postgres import PASSWORD, postgres

pytestmark = pytest.mark.stack

_PATIENCE_SECONDS = 300
# Part of every secret that the run is given.
MARK = "hunter2"


def _wait(found: Callable[[], Any], server: DagsterDev) -> Any:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if seen := found():
            return seen
        time.sleep(0.5)
    raise AssertionError(server.log())


def test_two_runs_take_turns_and_a_killed_one_is_started_once_more(
    settings: Settings, lake: Lake, tmp_path: Path
) -> None:
    land(lake, "pos__receipts", [record("pos__receipts")])
    land(lake, "ecommerce__orders", [record("ecommerce__orders")])
    assert MARK in PASSWORD
    with postgres() as url:
        variables = {
            "C360_DAGSTER_DATABASE": url,
            "C360_DAGSTER_DATABASE_PASSWORD": PASSWORD,
            # Nothing listens there: that the killed run cannot be told of is an error, and logged.
            "C360_ALERT_WEBHOOK": f"http://127.0.0.1:9/{MARK}",
        }
        with dagster_dev(settings, tmp_path / "home", variables) as server:
            # The queue of a new history learns of the pool with its first run. Two launched before
            # that both start, and the lake's lock has them take turns.
            server.launch(REFRESH_JOB, range_tags(DAY, DAY))
            _wait(lambda: server.runs()[0]["status"] == "STARTED", server)
            server.launch(REFRESH_JOB, range_tags(DAY, DAY))
            both = _wait(lambda: _all_succeeded(server, 2), server)
            first, second = sorted(both, key=lambda run: run["startTime"])
            assert first["endTime"] <= second["startTime"], "they used the lake at the same time"

            killed = server.launch(REFRESH_JOB, range_tags(DAY, DAY))
            process = _wait(lambda: _process(server, killed), server)
            os.kill(process, signal.SIGKILL)
            runs = _wait(lambda: _ended(server, 4), server)
            assert [run["status"] for run in runs[2:]] == ["FAILURE", "SUCCESS"], server.log()
            assert runs[3]["tags"]["dagster/parent_run_id"] == killed
            said = _wait(lambda: _about_webhook(tmp_path / "home" / "dev.log"), server)
        with psycopg.connect(url, password=PASSWORD) as connection:
            (events,) = connection.execute("select count(*) from event_logs").fetchone() or (0,)
            assert events > 0
            assert _columns_with(connection, "refresh_customer_360")
            assert _columns_with(connection, MARK) == []
        assert MARK not in said
        assert _files_with(tmp_path, MARK) == []
        assert list((tmp_path / "home").rglob("*.db")) == []
    assert lake.row_count(keys.silver("pos__receipts")) == 1


def _about_webhook(log: Path) -> str:
    text = log.read_text(errors="replace")
    return text if "C360_ALERT_WEBHOOK" in text else ""


def _columns_with(connection: psycopg.Connection[Any], text: str) -> list[str]:
    """Columns of the history in which a text stands."""
    columns = connection.execute(
        "select table_name, column_name from information_schema.columns "
        "where table_schema = 'public' and data_type in ('text', 'character varying')"
    ).fetchall()
    found = []
    for table, column in columns:
        query = sql.SQL("select count(*) from {} where position(%s in {}) > 0").format(
            sql.Identifier(table), sql.Identifier(column)
        )
        row = connection.execute(query, [text]).fetchone()
        found += [f"{table}.{column}"] if row and row[0] else []
    return found


def _files_with(folder: Path, text: str) -> list[str]:
    """Files below a folder in which a text stands: logs, Dagster's home, the lake."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return [str(path) for path in paths if text.encode() in path.read_bytes()]


def _all_succeeded(server: DagsterDev, count: int) -> list[dict[str, Any]]:
    runs = _ended(server, count)
    assert all(run["status"] == "SUCCESS" for run in runs), server.log()
    return runs


def _ended(server: DagsterDev, count: int) -> list[dict[str, Any]]:
    """All runs, once there are so many and none is under way; else none."""
    runs = server.runs()
    over = all(run["status"] in ("SUCCESS", "FAILURE") for run in runs)
    return runs if over and len(runs) == count else []


def _process(server: DagsterDev, run_id: str) -> int | None:
    """Process of a run that has begun to work."""
    (run,) = (run for run in server.runs() if run["runId"] == run_id)
    tag = run["tags"].get(PROCESS_TAG, "")
    return int(tag.split(":")[1]) if run["status"] == "STARTED" and tag else None
