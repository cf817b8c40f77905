"""Runs that a Data Factory's own trigger starts, and the reconciliation of copies with bronze."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from customer360 import keys
from customer360.assets.bronze_load import load_bronze
from customer360.assets.copied_rows import reported_copies
from customer360.assets.landing_run import COPIED_CHECK
from customer360.automation.data_factory_runs import take_in
from customer360.checks.copied_rows import Reconciled, ReportedCopy, reconcile_copies
from customer360.errors import IngestionError
from customer360.landing.files import day_fingerprint, list_files
from customer360.resources.lake import Lake
from customer360.resources.loads import Load, record_loads
from customer360_tests.builders import DAY, NOW, record
from customer360_tests.data_factory.faults import FAIL, TRUNCATE, AnswerFault
from customer360_tests.data_factory.setting import Setting, data_factory

INTERACTIONS, PROFILES = "social__interactions", "social__profiles"
ENTITIES = [INTERACTIONS, PROFILES]
LATER = DAY + timedelta(days=1)


@pytest.fixture
def setting(lake: Lake, tmp_path: Path) -> Iterator[Setting]:
    with data_factory(lake, tmp_path) as opened:
        rows = [
            record(INTERACTIONS, interaction_id=f"I{day}{n}", occurred_at=f"{day}T09:00:0{n}Z")
            for day in (DAY, LATER)
            for n in range(3)
        ]
        opened.api.put("v1/interactions", "occurred_at", rows)
        opened.api.put("v1/profiles", "updated_at", [record(PROFILES)])
        # The trigger copies everything; of the other systems only these are there.
        opened.only(ENTITIES)
        yield opened


def _fire(setting: Setting, day: date) -> None:
    end = day + timedelta(days=1)
    setting.stand_in.fire("daily_window", f"{day}T00:00:00Z", f"{end}T00:00:00Z")
    setting.stand_in.wait()


def _look(
    setting: Setting, cursor: str | None, warn: Callable[[str], None] = pytest.fail
) -> dg.SensorResult:
    return take_in(setting.ingestion, ENTITIES, cursor, datetime.now(UTC), warn)


def _copied(result: dg.SensorResult) -> list[tuple[str, str | None]]:
    found = [e for e in result.asset_events if isinstance(e, dg.AssetMaterialization)]
    return sorted((e.asset_key.path[1], e.partition) for e in found)


def _checks(result: dg.SensorResult) -> dict[str, dg.AssetCheckEvaluation]:
    found = [e for e in result.asset_events if isinstance(e, dg.AssetCheckEvaluation)]
    assert {e.check_name for e in found} <= {COPIED_CHECK}
    return {e.asset_key.path[1]: e for e in found}


def test_each_run_of_a_trigger_is_taken_in_once(setting: Setting) -> None:
    first = _look(setting, None)
    assert first.skip_reason is not None
    _fire(setting, DAY)
    second = _look(setting, first.cursor)
    assert _copied(second) == [(INTERACTIONS, str(DAY)), (PROFILES, str(DAY))]
    assert all(check.passed for check in _checks(second).values())
    report = second.asset_events[0]
    assert isinstance(report, dg.AssetMaterialization)
    assert report.metadata["rows_copied"].value == 3
    assert report.metadata["started_by"].value == "daily_window"
    _fire(setting, LATER)
    third = _look(setting, second.cursor)
    assert _copied(third) == [(INTERACTIONS, str(LATER)), (PROFILES, str(LATER))]
    assert _copied(_look(setting, third.cursor)) == []


def test_a_run_that_was_asked_for_from_here_is_left_to_its_step(setting: Setting) -> None:
    setting.ingestion.start(DAY, ENTITIES, "social 2026-01-02 a step", lambda _: None)
    setting.stand_in.wait()
    assert _look(setting, None).asset_events == []


def test_a_triggered_run_that_fails_is_a_failed_check_of_what_it_missed(setting: Setting) -> None:
    setting.stand_in.faults.activity(PROFILES, "copy", FAIL, times=3)
    _fire(setting, DAY)
    result = _look(setting, None)
    assert _copied(result) == [(INTERACTIONS, str(DAY))]
    checks = _checks(result)
    assert checks[INTERACTIONS].passed
    assert not checks[PROFILES].passed
    assert "the source system closed the connection" in str(checks[PROFILES].description)
    assert checks[PROFILES].metadata["day"].value == str(DAY)


def test_a_run_whose_day_cannot_be_told_is_named_once(setting: Setting) -> None:
    run_id = setting.stand_in.fire("daily_window", "01/02/2026 00:00:00", "01/03/2026 00:00:00")
    setting.stand_in.wait()
    _fire(setting, DAY)
    warned: list[str] = []
    result = _look(setting, None, warned.append)
    (sentence,) = warned
    assert sentence.startswith(f"Run {run_id}, started by daily_window, is not taken in: its ")
    assert setting.ingestion.link(run_id) in sentence
    assert len(_copied(result)) == 2
    assert _copied(_look(setting, result.cursor)) == []


def test_more_runs_than_fit_into_a_tick_are_taken_in_by_the_next_ones(setting: Setting) -> None:
    days = [DAY + timedelta(days=number) for number in range(7)]
    for day in days:
        _fire(setting, day)
    found, cursor = [], None
    for _ in range(3):
        result = _look(setting, cursor)
        found += _copied(result)
        cursor = result.cursor
    assert sorted(found) == sorted((entity, str(day)) for entity in ENTITIES for day in days)


def test_a_factory_that_does_not_answer_loses_no_run(setting: Setting) -> None:
    _fire(setting, DAY)
    setting.stand_in.faults.answer(AnswerFault(403, "queryPipelineRuns"))
    with pytest.raises(IngestionError, match="cannot be listed: HTTP 403"):
        _look(setting, None)
    assert len(_copied(_look(setting, None))) == 2


def test_the_sensor_reports_to_dagster(setting: Setting) -> None:
    _fire(setting, DAY)
    definitions = setting.definitions()
    sensor = definitions.get_sensor_def("data_factory_runs")
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(
            instance=instance,
            resources={"ingestion": setting.ingestion},
            definitions=definitions,
        )
        result = sensor(context)
    assert isinstance(result, dg.SensorResult)
    assert (INTERACTIONS, str(DAY)) in _copied(result)


def _reported(setting: Setting) -> ReportedCopy:
    """The last copy of the day, as Dagster keeps it."""
    with dg.DagsterInstance.ephemeral() as instance:
        for event in _look(setting, None).asset_events:
            instance.report_runless_asset_event(event)
        (copied,) = reported_copies(instance, INTERACTIONS)
    return copied


def _reconcile(lake: Lake, copied: ReportedCopy, now: datetime | None = None) -> Reconciled:
    at = now or datetime.now(UTC)
    return reconcile_copies(lake, "social", "interactions", [copied], now=at)


def _load(lake: Lake) -> None:
    load_bronze(lake, "social", "interactions", [DAY], batch_id="b", ingested_at=NOW)
    files = list_files(lake.landing, "social", "interactions", [DAY])
    load = Load(INTERACTIONS, DAY, day_fingerprint(files), len(files), 0, Decimal(0))
    record_loads(lake, INTERACTIONS, [load], at=NOW)


def test_rows_copied_are_compared_with_bronze_once_the_day_is_loaded(
    setting: Setting, lake: Lake
) -> None:
    _fire(setting, DAY)
    copied = _reported(setting)
    waiting = _reconcile(lake, copied)
    assert (waiting.days, waiting.waiting, waiting.problems) == (0, 1, ())
    _load(lake)
    found = _reconcile(lake, copied)
    assert (found.rows, found.days, found.problems) == (3, 1, ())


def test_rows_are_counted_batch_by_batch(
    setting: Setting, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fire(setting, DAY)
    copied = _reported(setting)
    _load(lake)
    bronze, dataset = lake.dataset(keys.bronze(INTERACTIONS)), Lake.dataset

    class Streamed:
        """Bronze of which a batch holds one row; whole it would not fit into memory."""

        def to_batches(self, **wanted: Any) -> Any:
            return bronze.to_batches(**wanted, batch_size=1)

    def opened(self: Lake, key: keys.TableKey) -> Any:
        return Streamed() if key.layer == keys.BRONZE else dataset(self, key)

    monkeypatch.setattr(Lake, "dataset", opened)
    assert _reconcile(lake, copied).rows == 3


def test_a_window_that_is_copied_again_is_compared_when_that_is_reported(
    setting: Setting, lake: Lake
) -> None:
    _fire(setting, DAY)
    first = _reported(setting)
    assert first.ended_at == setting.stand_in.masters()[0].updated
    changed = [record(INTERACTIONS, interaction_id="I9", occurred_at=f"{DAY}T10:00:00Z")]
    setting.api.put("v1/interactions", "occurred_at", changed)
    _fire(setting, DAY)
    _load(lake)
    early = _reconcile(lake, first)
    assert (early.days, early.waiting, early.problems) == (0, 1, ())
    found = _reconcile(lake, _reported(setting))
    assert (found.rows, found.days, found.problems) == (1, 1, ())
    # Nobody reported it: the file was changed by something else.
    late = _reconcile(lake, first, now=datetime.now(UTC) + timedelta(days=2))
    assert late.problems[-1] == f"{DAY}: 3 rows copied, 1 in bronze"


def test_a_landed_file_that_lost_its_end_does_not_reconcile(setting: Setting, lake: Lake) -> None:
    setting.stand_in.faults.activity(INTERACTIONS, "copy", TRUNCATE)
    _fire(setting, DAY)
    copied = _reported(setting)
    _load(lake)
    problems = _reconcile(lake, copied).problems
    assert problems[-1] == f"{DAY}: 3 rows copied, 2 in bronze"
    assert f"{DAY}: {copied.bytes_copied} bytes copied" in problems[0]


def test_a_landed_file_that_is_gone_does_not_reconcile(setting: Setting, lake: Lake) -> None:
    _fire(setting, DAY)
    copied = _reported(setting)
    _load(lake)
    (Path(lake.landing) / copied.published[0]).unlink()
    problems = _reconcile(lake, copied).problems
    assert problems == (f"{DAY}: {copied.published[0]} copied and not in the landing zone",)
