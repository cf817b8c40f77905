"""A day from three kinds of source systems to gold, copied by a Data Factory; a killed Dagster.

PostgreSQL for crm, an interface that gives out pages for social, dropped files for the rest; the
pipelines of `adf/` are executed over Azure's own client.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from customer360 import keys
from customer360.assets.copied_rows import ROWS_CHECK
from customer360.automation.data_factory_runs import RUNS_SENSOR
from customer360.automation.jobs import INGEST_JOB, RANGE_START, REFRESH_JOB, range_tags
from customer360.automation.schedules import due_runs
from customer360.automation.sensors import LANDING_SENSOR
from customer360.keys import TableKey
from customer360.resources.dbt import ensure_manifest
from customer360.resources.lake import Lake
from customer360.sources import SOURCES
from customer360_tests.builders import _VALID, DAY, land, record
from customer360_tests.dagster_dev import dagster_dev
from customer360_tests.data_factory.faults import FAIL, HANG
from customer360_tests.data_factory.setting import READER_PASSWORD, Setting, data_factory
from customer360_tests.data_factory.world import CRM
from customer360_tests.postgres import PASSWORD, postgres
from customer360_tests.source_systems.crm import Crm

pytestmark = pytest.mark.stack

LATER = DAY + timedelta(days=1)


@pytest.fixture(scope="module")
def server() -> Iterator[Crm]:
    with postgres() as url:
        made = Crm(url, PASSWORD)
        made.make(READER_PASSWORD)
        with made.connect() as connection:
            connection.execute("alter table crm.contacts add column nobody_declared_this text")
        yield made


@pytest.fixture
def crm(server: Crm) -> Crm:
    """The crm without rows."""
    server.replace({"crm.contacts": [], "crm.consents": []})
    return server


@pytest.fixture
def setting(lake: Lake, tmp_path: Path, crm: Crm) -> Iterator[Setting]:
    with data_factory(lake, tmp_path, {CRM: crm.authority}) as opened:
        yield opened


def _fill(setting: Setting, crm: Crm) -> None:
    """One record of every entity, in the system that has it."""
    crm.append("crm.contacts", [record("crm__contacts")])
    crm.append("crm.consents", [record("crm__consents")])
    setting.api.put("v1/profiles", "updated_at", [record("social__profiles")])
    setting.api.put("v1/interactions", "occurred_at", [record("social__interactions")])
    elsewhere = Lake(str(setting.drop.parent / "elsewhere"))
    for entity in _VALID:
        if not entity.startswith(("crm__", "social__")):
            path = land(elsewhere, entity, [record(entity)])
            setting.drop_file(entity, DAY, path.name, path.read_bytes())


def _rows(lake: Lake, layer: str) -> dict[str, int]:
    return {entity: lake.row_count(TableKey(layer, entity)) for entity in _VALID}


def test_a_day_of_every_source_goes_from_its_system_to_gold(setting: Setting, crm: Crm) -> None:
    _fill(setting, crm)
    ensure_manifest(setting.settings)
    with dg.DagsterInstance.ephemeral() as instance:
        assert setting.copy(instance, list(_VALID), DAY).success
        assert due_runs(setting.lake, SOURCES)[0].tags == range_tags(DAY, DAY)
        job = setting.definitions().resolve_job_def(REFRESH_JOB)
        result = job.execute_in_process(instance=instance, tags=range_tags(DAY, DAY))
        assert result.success
        evaluated = {
            e.asset_key.path[1]: e
            for e in result.get_asset_check_evaluations()
            if e.check_name == ROWS_CHECK
        }
    assert set(evaluated) == set(_VALID)
    assert {e.passed for e in evaluated.values()} == {True}
    assert {e.metadata["days_compared"].value for e in evaluated.values()} == {1}
    assert evaluated["crm__contacts"].metadata["rows_in_bronze"].value == 1
    assert set(_rows(setting.lake, keys.BRONZE).values()) == {1}
    assert set(_rows(setting.lake, keys.SILVER).values()) == {1}
    assert due_runs(setting.lake, SOURCES) == []
    contact = setting.lake.arrow(keys.silver("crm__contacts")).to_pylist()[0]
    assert contact["updated_at"].isoformat() == "2026-01-02T08:00:00+00:00"
    assert setting.lake.row_count(keys.gold("customer_360")) >= 1
    assert len(setting.stand_in.masters()) == len(SOURCES)


def test_a_window_of_a_table_holds_what_changed_on_its_day_as_it_is_in_the_table(
    setting: Setting, crm: Crm
) -> None:
    crm.append(
        "crm.contacts",
        [
            record("crm__contacts", contact_id="before", updated_at="2026-01-01T23:59:59.999999Z"),
            record(
                "crm__contacts",
                contact_id="first",
                updated_at="2026-01-02T00:00:00Z",
                last_name='a "quoted", name\nof two lines; \\ 日本',
                street="",
                city=None,
                date_of_birth="1815-12-10",
                nobody_declared_this="kept",
            ),
            record("crm__contacts", contact_id="last", updated_at="2026-01-02T23:59:59.999999Z"),
            record("crm__contacts", contact_id="after", updated_at="2026-01-03T00:00:00Z"),
        ],
    )
    with dg.DagsterInstance.ephemeral() as instance:
        assert setting.copy(instance, ["crm__contacts"], DAY, LATER).success

    def landed(day: date) -> list[dict[str, Any]]:
        (content,) = setting.landed("crm__contacts", day).values()
        return [json.loads(line) for line in content.splitlines()]

    assert [row["contact_id"] for row in landed(DAY)] == ["first", "last"]
    assert [row["contact_id"] for row in landed(LATER)] == ["after"]
    first = landed(DAY)[0]
    assert first["last_name"] == 'a "quoted", name\nof two lines; \\ 日本'
    assert (first["street"], first["city"]) == ("", None)
    assert first["nobody_declared_this"] == "kept"
    assert first["updated_at"] == "2026-01-02T00:00:00+00:00"


def test_a_database_that_refuses_is_named(setting: Setting) -> None:
    setting.stand_in.world.secrets["crm-password"] = "wrong-hunter2"
    with dg.DagsterInstance.ephemeral() as instance:
        result = setting.copy(instance, ["crm__contacts"], DAY)
    assert not result.success
    (error,) = [e.step_failure_data.error for e in result.all_events if e.is_step_failure]
    text = error.cause.message if error.cause else error.message
    assert "password authentication failed" in text
    assert "wrong-hunter2" not in text


_COPY = """
import sys
import dagster as dg
from customer360.build import build_definitions
from customer360.settings import load_settings
job = build_definitions(load_settings()).resolve_job_def({job!r})
with dg.DagsterInstance.get() as instance:
    result = job.execute_in_process(
        instance=instance,
        asset_selection=[dg.AssetKey(["landing", "crm__contacts"])],
        tags={tags!r},
        raise_on_error=False,
    )
sys.exit(0 if result.success else 1)
"""


def _process(setting: Setting, home: Path) -> subprocess.Popen[bytes]:
    """A process that copies the contacts of a day, as a run of Dagster does."""
    home.mkdir(exist_ok=True)
    code = _COPY.format(job=INGEST_JOB, tags=range_tags(DAY, DAY))
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | setting.variables() | {"DAGSTER_HOME": str(home)},
        start_new_session=True,
    )


def test_a_killed_dagster_follows_its_run_after_a_restart(
    setting: Setting, crm: Crm, tmp_path: Path
) -> None:
    crm.append("crm.contacts", [record("crm__contacts")])
    setting.stand_in.faults.activity("crm__contacts", "copy", FAIL)
    setting.stand_in.faults.activity("crm__contacts", "copy", HANG)
    killed = _process(setting, tmp_path / "home")
    deadline = time.monotonic() + 120
    while not any(run.pipeline == "copy_table" for run in list(setting.stand_in.runs.values())):
        assert killed.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    # It has the run's id once it has asked for its state.
    setting.stand_in.asked.wait(timeout=60)
    os.killpg(killed.pid, signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    setting.stand_in.faults.released.set()
    assert _process(setting, tmp_path / "home").wait(timeout=180) == 0
    assert len(setting.stand_in.masters()) == 1
    assert list(setting.landed("crm__contacts", DAY)) == ["copy_2026-01-02.jsonl"]


def _until(is_so: Callable[[], bool], what: str, log: Callable[[], str]) -> None:
    deadline = time.monotonic() + 240
    while not is_so():
        assert time.monotonic() < deadline, f"{what}\n{log()}"
        time.sleep(0.5)


def test_dagster_dev_takes_in_a_triggered_run_loads_its_day_and_cancels_on_termination(
    setting: Setting, tmp_path: Path
) -> None:
    entities = ["social__interactions", "social__profiles"]
    setting.only(entities)
    setting.api.put("v1/interactions", "occurred_at", [record(entities[0])])
    setting.api.put("v1/profiles", "updated_at", [record(entities[1])])
    ensure_manifest(setting.settings)
    with dagster_dev(setting.settings, tmp_path / "home", setting.variables()) as server:
        server.start_sensor(RUNS_SENSOR)
        setting.stand_in.fire("daily_window", f"{DAY}T00:00:00Z", f"{LATER}T00:00:00Z")
        setting.stand_in.wait()
        for entity in entities:
            _until(lambda e=entity: server.materialized("landing", e), entity, server.log)
        server.start_sensor(LANDING_SENSOR)
        loaded = server.wait_for_run(1)
        assert loaded["status"] == "SUCCESS", server.log()
        assert loaded["tags"][RANGE_START] == str(DAY)
        assert setting.lake.row_count(keys.silver(entities[0])) == 1

        setting.stand_in.faults.activity(entities[0], "copy", HANG)
        landing = [f"landing/{entity}" for entity in entities]
        ours = server.launch(INGEST_JOB, range_tags(LATER, LATER), landing)
        _until(lambda: len(setting.stand_in.masters()) == 2, "a second run", server.log)
        # What lands while a copy takes its time is loaded beside it.
        land(setting.lake, entities[0], [record(entities[0])], name="beside")
        beside = server.wait_for_run(3)
        assert beside["status"] == "SUCCESS", server.log()
        server.terminate(ours)
        _until(lambda: server.runs()[1]["status"] == "CANCELED", "its end", server.log)
        assert [server.materialized("landing", e) for e in entities] == [[str(DAY)]] * 2
    assert [run.status for run in setting.stand_in.masters()] == ["Succeeded", "Cancelled"]
