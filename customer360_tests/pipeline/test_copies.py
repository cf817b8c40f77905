"""Landing assets that a Data Factory copies: Azure's client, HTTP, a factory that really copies."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.errors import DagsterExecutionInterruptedError

from customer360.assets.landing_run import COPIED_CHECK
from customer360.resources import watching
from customer360.resources.held_lake import PROCESS_TAG
from customer360.resources.lake import Lake
from customer360.resources.processes import process_mark
from customer360.resources.started_runs import Started, StartedRuns
from customer360_tests.builders import DAY, record
from customer360_tests.data_factory.faults import (
    FAIL,
    HANG,
    LOST,
    PARTIAL,
    AnswerFault,
)
from customer360_tests.data_factory.server import NAME
from customer360_tests.data_factory.setting import Setting, data_factory

INTERACTIONS, PROFILES, RECEIPTS = "social__interactions", "social__profiles", "pos__receipts"
COPY_NAME = "copy_2026-01-02.jsonl"


@pytest.fixture
def setting(lake: Lake, tmp_path: Path) -> Iterator[Setting]:
    with data_factory(lake, tmp_path) as opened:
        opened.api.put("v1/interactions", "occurred_at", _interactions(5))
        opened.api.put("v1/profiles", "updated_at", [record(PROFILES)])
        yield opened


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


def _interactions(count: int, day: date = DAY) -> list[dict[str, object]]:
    return [
        record(INTERACTIONS, interaction_id=f"I{number}", occurred_at=f"{day}T09:00:{number:02}Z")
        for number in range(count)
    ]


def _reports(instance: dg.DagsterInstance, entity: str) -> list[tuple[str, dict[str, Any]]]:
    """Day and metadata of each report of an entity, oldest first."""
    key = dg.AssetKey(["landing", entity])
    found = []
    for event in reversed(instance.fetch_materializations(key, limit=50).records):
        report = event.asset_materialization
        assert report is not None
        values = {name: value.value for name, value in report.metadata.items()}
        found.append((str(report.partition), values))
    return found


def _last_check(instance: dg.DagsterInstance, entity: str) -> dg.AssetCheckEvaluation:
    """What the check that all of an entity was copied said last."""
    key = dg.AssetCheckKey(dg.AssetKey(["landing", entity]), COPIED_CHECK)
    (record,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    assert record.event is not None
    found = record.event.dagster_event
    assert found is not None
    return found.asset_check_evaluation_data


def _why(result: dg.ExecuteInProcessResult) -> str:
    """Why the step of a failed run failed."""
    assert not result.success
    errors = [e.step_failure_data.error for e in result.all_events if e.is_step_failure]
    assert len(errors) == 1
    assert errors[0] is not None
    return str(errors[0].cause.message if errors[0].cause else errors[0].message)


def _ids(content: bytes) -> list[str]:
    return [json.loads(line)["interaction_id"] for line in content.splitlines()]


def test_all_pages_of_a_window_land_as_one_file(
    setting: Setting, instance: dg.DagsterInstance
) -> None:
    day_after = _interactions(1, DAY + timedelta(days=1))
    setting.api.put("v1/interactions", "occurred_at", [*_interactions(5), *day_after])
    result = setting.copy(instance, [INTERACTIONS], DAY)
    assert result.success
    landed = setting.landed(INTERACTIONS, DAY)
    assert list(landed) == [COPY_NAME]
    assert _ids(landed[COPY_NAME]) == ["I0", "I1", "I2", "I3", "I4"]
    assert len(setting.api.requests) == 3
    ((day, metadata),) = _reports(instance, INTERACTIONS)
    (run,) = setting.stand_in.masters()
    assert day == str(DAY)
    assert metadata["rows_copied"] == 5
    assert metadata["bytes_copied"] == len(landed[COPY_NAME])
    assert metadata["seconds"] == 1
    assert metadata["run_id"] == run.run_id
    assert metadata["run"] == setting.ingestion.link(run.run_id)
    assert metadata["published_files"] == [f"social/interactions/dt={DAY}/{COPY_NAME}"]
    assert not _reports(instance, PROFILES), "was not asked for"


def test_dropped_files_land_whole_under_their_names(
    setting: Setting, instance: dg.DagsterInstance
) -> None:
    setting.drop_file(RECEIPTS, DAY, "till 1.csv", b"receipt_id\nR1\n")
    setting.drop_file(RECEIPTS, DAY, "till 2.csv.gz", b"\x1f\x8b not looked into")
    setting.drop_file(RECEIPTS, DAY + timedelta(days=1), "till 1.csv", b"tomorrow")
    assert setting.copy(instance, [RECEIPTS, "pos__receipt_lines"], DAY).success
    assert setting.landed(RECEIPTS, DAY) == {
        "till 1.csv": b"receipt_id\nR1\n",
        "till 2.csv.gz": b"\x1f\x8b not looked into",
    }
    ((_, metadata),) = _reports(instance, RECEIPTS)
    assert metadata["files"] == 2
    assert metadata["bytes_copied"] == 32
    assert "rows_copied" not in metadata
    # A day on which nothing was dropped is copied as well: of nothing.
    ((_, nothing),) = _reports(instance, "pos__receipt_lines")
    assert (nothing["files"], nothing["bytes_copied"]) == (0, 0)


def test_a_repeated_window_replaces_its_file(
    setting: Setting, instance: dg.DagsterInstance
) -> None:
    assert setting.copy(instance, [INTERACTIONS], DAY).success
    setting.api.put("v1/interactions", "occurred_at", _interactions(6))
    assert setting.copy(instance, [INTERACTIONS], DAY).success
    landed = setting.landed(INTERACTIONS, DAY)
    assert list(landed) == [COPY_NAME]
    assert len(_ids(landed[COPY_NAME])) == 6
    assert [values["rows_copied"] for _, values in _reports(instance, INTERACTIONS)] == [5, 6]


def test_a_window_without_rows_lands_nothing(
    setting: Setting, instance: dg.DagsterInstance
) -> None:
    quiet = DAY + timedelta(days=3)
    assert setting.copy(instance, [INTERACTIONS], quiet).success
    assert setting.landed(INTERACTIONS, quiet) == {}
    ((_, metadata),) = _reports(instance, INTERACTIONS)
    assert (metadata["rows_copied"], metadata["files"]) == (0, 0)


def test_a_range_of_days_is_one_run_each_and_one_report_each(
    setting: Setting, instance: dg.DagsterInstance
) -> None:
    later = DAY + timedelta(days=1)
    both = [*_interactions(2), *_interactions(3, later)]
    setting.api.put("v1/interactions", "occurred_at", both)
    assert setting.copy(instance, [INTERACTIONS], DAY, later).success
    counted = [(day, values["rows_copied"]) for day, values in _reports(instance, INTERACTIONS)]
    assert counted == [(str(DAY), 2), (str(later), 3)]
    assert len(setting.stand_in.masters()) == 2


def test_an_activity_that_fails_once_is_tried_again_by_the_factory(
    setting: Setting, instance: dg.DagsterInstance
) -> None:
    setting.stand_in.faults.activity(INTERACTIONS, "copy", FAIL)
    setting.stand_in.faults.activity(INTERACTIONS, "publish", FAIL)
    assert setting.copy(instance, [INTERACTIONS], DAY).success
    ((_, metadata),) = _reports(instance, INTERACTIONS)
    assert metadata["rows_copied"] == 5


def test_an_activity_that_keeps_failing_is_named_and_the_others_are_copied(
    setting: Setting, instance: dg.DagsterInstance
) -> None:
    setting.stand_in.faults.activity(PROFILES, "copy", FAIL, times=3)
    why = _why(setting.copy(instance, [PROFILES, INTERACTIONS], DAY))
    assert f"{PROFILES} {DAY}: activity 'copy' failed: the source system closed" in why
    assert INTERACTIONS not in why
    assert setting.landed(PROFILES, DAY) == {}
    assert list(setting.landed(INTERACTIONS, DAY)) == [COPY_NAME]
    assert not _reports(instance, PROFILES)
    assert len(_reports(instance, INTERACTIONS)) == 1
    assert _last_check(instance, INTERACTIONS).passed
    failed = _last_check(instance, PROFILES)
    assert not failed.passed
    assert str(failed.description).startswith(f"{DAY}: activity 'copy' failed")
    # The next try begins anew, and only with what is missing.
    assert setting.copy(instance, [PROFILES], DAY).success
    assert list(setting.landed(PROFILES, DAY)) == [COPY_NAME]
    assert _last_check(instance, PROFILES).passed
    assert len(setting.stand_in.masters()) == 2


def test_an_entity_without_rows_is_copied_although_another_one_of_its_run_fails(
    setting: Setting, instance: dg.DagsterInstance
) -> None:
    quiet = DAY + timedelta(days=3)
    setting.stand_in.faults.activity(PROFILES, "copy", FAIL, times=3)
    why = _why(setting.copy(instance, [PROFILES, INTERACTIONS], quiet))
    assert PROFILES in why
    assert INTERACTIONS not in why
    ((_, metadata),) = _reports(instance, INTERACTIONS)
    assert (metadata["rows_copied"], metadata["files"]) == (0, 0)


def test_a_copy_that_cannot_be_published_is_not_seen(
    setting: Setting, instance: dg.DagsterInstance
) -> None:
    setting.stand_in.faults.activity(INTERACTIONS, "publish", FAIL, times=3)
    why = _why(setting.copy(instance, [INTERACTIONS], DAY))
    assert "activity 'publish' failed" in why
    assert setting.landed(INTERACTIONS, DAY) == {}


def test_a_partial_copy_that_the_factory_calls_a_success_is_refused(
    setting: Setting, instance: dg.DagsterInstance
) -> None:
    setting.stand_in.faults.activity(INTERACTIONS, "copy", PARTIAL)
    setting.drop_file(RECEIPTS, DAY, "a.csv", b"1")
    why = _why(setting.copy(instance, [INTERACTIONS], DAY))
    assert f"{INTERACTIONS} {DAY}: partial copy: 4 of 5 rows were written" in why
    setting.stand_in.faults.activity(RECEIPTS, "copy", PARTIAL)
    why = _why(setting.copy(instance, [RECEIPTS], DAY))
    assert "partial copy: 0 of 1 files were written" in why


def test_a_secret_or_a_host_that_is_missing_is_named(
    setting: Setting, instance: dg.DagsterInstance
) -> None:
    del setting.stand_in.world.secrets["social-authorization"]
    why = _why(setting.copy(instance, [INTERACTIONS], DAY))
    assert "no secret 'social-authorization' in the key vault" in why
    why = _why(setting.copy(instance, ["crm__contacts"], DAY))
    assert "the host crm.example.com:5432 cannot be reached" in why


def _impatient(setting: Setting, **seconds: float) -> Setting:
    """The same with less patience."""
    patience = replace(setting.ingestion.patience, **seconds)
    return replace(setting, ingestion=replace(setting.ingestion, patience=patience))


def test_a_run_that_takes_too_long_is_cancelled_and_ended(
    setting: Setting, instance: dg.DagsterInstance
) -> None:
    setting.stand_in.faults.activity(INTERACTIONS, "copy", HANG)
    why = _why(_impatient(setting, run=0.5).copy(instance, [INTERACTIONS], DAY))
    assert "Timeout: run" in why
    assert "it ended as Cancelled" in why
    assert {run.status for run in setting.stand_in.runs.values()} == {"Cancelled"}
    assert setting.landed(INTERACTIONS, DAY) == {}
    # The cancelled run is followed to its end before another one is started.
    assert setting.copy(instance, [INTERACTIONS], DAY).success
    assert len(setting.stand_in.masters()) == 2


def test_a_cancellation_that_is_not_answered_is_asked_for_again(
    setting: Setting, instance: dg.DagsterInstance
) -> None:
    setting.stand_in.faults.activity(INTERACTIONS, "copy", HANG)
    setting.stand_in.faults.answer(AnswerFault(502, "/cancel", 2))
    why = _why(_impatient(setting, run=0.5).copy(instance, [INTERACTIONS], DAY))
    assert "Timeout: run" in why
    assert "it ended as Cancelled" in why


def test_a_run_that_cannot_be_cancelled_is_reported_with_the_reason(
    setting: Setting, instance: dg.DagsterInstance
) -> None:
    setting.stand_in.faults.activity(INTERACTIONS, "copy", HANG)
    setting.stand_in.faults.answer(AnswerFault(403, "/cancel", 99))
    why = _why(_impatient(setting, run=0.5, cancelling=0.5).copy(instance, [INTERACTIONS], DAY))
    assert "could not be cancelled (HTTP 403" in why
    assert "Data Factory Contributor" in why


def test_a_factory_that_fails_while_a_day_is_summed_up_costs_that_day_alone(
    setting: Setting, instance: dg.DagsterInstance
) -> None:
    later = DAY + timedelta(days=1)
    setting.stand_in.faults.answer(AnswerFault(502, "queryActivityruns"))
    why = _why(setting.copy(instance, [INTERACTIONS], DAY, later))
    (first, _) = setting.stand_in.masters()
    assert f"social {DAY}: What run {first.run_id} copied cannot be read" in why
    assert "HTTP 502 Fault: the service failed" in why
    assert str(later) not in why
    assert [day for day, _ in _reports(instance, INTERACTIONS)] == [str(later)]
    # The run that could not be summed up is still known.
    assert setting.copy(instance, [INTERACTIONS], DAY).success
    assert len(setting.stand_in.masters()) == 2


def test_a_factory_that_fails_while_a_run_is_looked_for_starts_none(
    setting: Setting, instance: dg.DagsterInstance
) -> None:
    started = StartedRuns(instance.daemon_cursor_storage, NAME)
    started.put("social", DAY, Started("r", datetime.now(UTC), (INTERACTIONS,)))
    setting.stand_in.faults.answer(AnswerFault(502, "queryPipelineRuns"))
    why = _why(setting.copy(instance, [INTERACTIONS], DAY))
    assert f"social {DAY}: Runs of Data Factory {NAME} cannot be listed: HTTP 502" in why
    assert setting.stand_in.masters() == []


def _when_begun(setting: Setting, act: Callable[[str], None]) -> threading.Thread:
    """Do something to the first run as soon as its copy hangs."""

    def later() -> None:
        while not any(
            each["activityName"] == "copy"
            for run in list(setting.stand_in.runs.values())
            for each in list(run.activities)
        ):
            threading.Event().wait(0.01)
        act(setting.stand_in.masters()[0].run_id)

    thread = threading.Thread(target=later)
    thread.start()
    return thread


def test_a_run_that_somebody_cancels_in_the_factory_is_reported(
    setting: Setting, instance: dg.DagsterInstance
) -> None:
    setting.stand_in.faults.activity(INTERACTIONS, "copy", HANG)
    thread = _when_begun(setting, setting.stand_in.cancel)
    why = _why(setting.copy(instance, [INTERACTIONS], DAY))
    thread.join()
    assert "activity 'copy' cancelled: The activity was cancelled." in why


def test_a_run_id_that_vanishes_is_reported_and_the_next_try_starts_anew(
    setting: Setting, instance: dg.DagsterInstance
) -> None:
    setting.stand_in.faults.activity(INTERACTIONS, "copy", HANG)
    thread = _when_begun(setting, lambda run_id: setting.stand_in.runs.pop(run_id) and None)
    why = _why(setting.copy(instance, [INTERACTIONS], DAY))
    thread.join()
    assert "does not know its run" in why
    assert "Materialise the day again" in why
    setting.stand_in.faults.released.set()
    assert setting.copy(instance, [INTERACTIONS], DAY).success
    assert len(_ids(setting.landed(INTERACTIONS, DAY)[COPY_NAME])) == 5


@pytest.mark.parametrize(
    "fault",
    [
        AnswerFault(429, "createRun", 2, {"Retry-After": "1"}),
        AnswerFault(500, "createRun", 2),
        AnswerFault(503, "createRun", 1, kind=LOST),
        AnswerFault(500, "createRun", 1, kind=LOST),
        AnswerFault(429, "GET /pipelineruns", 2, {"Retry-After": "1"}),
        AnswerFault(503, "GET /pipelineruns", 3),
        AnswerFault(429, "queryActivityruns", 2, {"Retry-After": "1"}),
        AnswerFault(500, "queryActivityruns", 2),
        AnswerFault(404, "GET /pipelineruns", 2),
    ],
    ids=lambda fault: f"{fault.status}{fault.kind}-{fault.path.split('/')[-1]}",
)
def test_a_throttled_failing_or_slow_interface_costs_time_and_no_second_run(
    setting: Setting, instance: dg.DagsterInstance, fault: AnswerFault
) -> None:
    setting.stand_in.faults.answer(replace(fault))
    assert setting.copy(instance, [INTERACTIONS], DAY).success
    assert len(setting.stand_in.masters()) == 1
    assert (
        setting.stand_in.faults.of_answer("GET createRun queryActivityruns /pipelineruns") is None
    )
    assert list(setting.landed(INTERACTIONS, DAY)) == [COPY_NAME]


def test_an_interface_that_stays_away_is_reported_without_a_run(
    setting: Setting, instance: dg.DagsterInstance
) -> None:
    setting.stand_in.faults.answer(AnswerFault(503, "createRun", 99))
    why = _why(setting.copy(instance, [INTERACTIONS], DAY))
    assert "started no run in 6 attempts; last: HTTP 503" in why
    assert not _last_check(instance, INTERACTIONS).passed
    assert setting.stand_in.masters() == []


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (403, "needs the role Data Factory Contributor"),
        (404, "deploy adf/ and check"),
        (400, "400"),
    ],
)
def test_a_refusal_says_what_to_do(
    setting: Setting, instance: dg.DagsterInstance, status: int, says: str
) -> None:
    setting.stand_in.faults.answer(AnswerFault(status, "createRun"))
    why = _why(setting.copy(instance, [INTERACTIONS], DAY))
    assert "Data Factory did not start a run" in why
    assert says in why


def _interrupted_after_one_look(
    monkeypatch: pytest.MonkeyPatch, before: Callable[[], None]
) -> None:
    def interrupt(_: float) -> None:
        monkeypatch.undo()
        before()
        raise DagsterExecutionInterruptedError

    monkeypatch.setattr(watching.time, "sleep", interrupt)


def test_a_step_that_ends_in_the_middle_is_followed_by_one_that_starts_no_second_run(
    setting: Setting, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting.stand_in.faults.activity(INTERACTIONS, "copy", HANG)
    _interrupted_after_one_look(monkeypatch, lambda: None)
    assert not setting.copy(instance, [INTERACTIONS], DAY).success
    (run,) = setting.stand_in.masters()
    assert run.status == "InProgress"
    setting.stand_in.faults.released.set()
    assert setting.copy(instance, [INTERACTIONS], DAY).success
    assert setting.stand_in.masters() == [run]
    ((_, metadata),) = _reports(instance, INTERACTIONS)
    assert metadata["run_id"] == run.run_id


def test_a_run_that_waits_for_a_copy_names_its_process_so_that_its_death_is_noticed(
    setting: Setting, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting.stand_in.faults.activity(INTERACTIONS, "copy", HANG)
    marks: list[str | None] = []
    _interrupted_after_one_look(
        monkeypatch, lambda: marks.extend(run.tags.get(PROCESS_TAG) for run in instance.get_runs())
    )
    assert not setting.copy(instance, [INTERACTIONS], DAY).success
    assert [str(mark).partition("@")[2] for mark in marks] == [process_mark()]


def test_a_step_that_somebody_terminates_cancels_the_run_and_waits_for_its_end(
    setting: Setting, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting.stand_in.faults.activity(INTERACTIONS, "copy", HANG)

    def terminate() -> None:
        (ours,) = instance.get_runs()
        instance.report_run_canceling(ours)

    _interrupted_after_one_look(monkeypatch, terminate)
    assert not setting.copy(instance, [INTERACTIONS], DAY).success
    (run,) = setting.stand_in.masters()
    assert run.status == "Cancelled"
    assert StartedRuns(instance.daemon_cursor_storage, NAME).get("social", DAY) is None


def test_a_step_that_is_terminated_and_cannot_cancel_its_run_begins_no_further_day(
    setting: Setting, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting.stand_in.faults.activity(INTERACTIONS, "copy", HANG)
    setting.stand_in.faults.answer(AnswerFault(502, "/cancel", 99))

    def terminate() -> None:
        (ours,) = instance.get_runs()
        instance.report_run_canceling(ours)

    _interrupted_after_one_look(monkeypatch, terminate)
    hurried = _impatient(setting, cancelling=0.5)
    assert not hurried.copy(instance, [INTERACTIONS], DAY, DAY + timedelta(days=1)).success
    (run,) = setting.stand_in.masters()
    open_run = StartedRuns(instance.daemon_cursor_storage, NAME).get("social", DAY)
    assert open_run is not None
    assert open_run.run_id == run.run_id


def test_a_run_whose_id_was_never_received_is_found_by_its_request(
    setting: Setting, instance: dg.DagsterInstance
) -> None:
    request = "social 2026-01-02 died before the answer"
    asked = Started(request, datetime.now(UTC), (INTERACTIONS,))
    StartedRuns(instance.daemon_cursor_storage, NAME).put("social", DAY, asked)
    # As many runs as need a second page of the list.
    for number in range(4):
        setting.ingestion.start(DAY, ["none"], f"another {number}", lambda _: None)
    begun = setting.ingestion.start(DAY, [INTERACTIONS], request, lambda _: None)
    assert setting.copy(instance, [INTERACTIONS], DAY).success
    assert len(setting.stand_in.masters()) == 5
    ((_, metadata),) = _reports(instance, INTERACTIONS)
    assert metadata["run_id"] == begun


def test_an_open_run_that_lacks_an_entity_is_followed_by_one_that_has_it(
    setting: Setting, instance: dg.DagsterInstance
) -> None:
    begun = setting.ingestion.start(DAY, [PROFILES], "r", lambda _: None)
    asked = Started("r", datetime.now(UTC), (PROFILES,), begun)
    StartedRuns(instance.daemon_cursor_storage, NAME).put("social", DAY, asked)
    assert setting.copy(instance, [PROFILES, INTERACTIONS], DAY).success
    assert len(setting.stand_in.masters()) == 2
    assert list(setting.landed(INTERACTIONS, DAY)) == [COPY_NAME]
