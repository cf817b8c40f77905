"""An engine that dies in the middle of a run: it fails with a reason, the next makes it good."""

from typing import Any

import dagster as dg
import pytest

from customer360.assets import silver_load
from customer360.automation.jobs import range_tags
from customer360.build import build_definitions
from customer360.fingerprint import differences, fingerprints
from customer360.resources.lake import Lake
from customer360.resources.loads import pending
from customer360.resources.session import Engine
from customer360.settings import Settings
from customer360.sources import SOURCES
from customer360_tests.builders import DAY, land, record

SELECTION = (
    'key:"bronze/pos__receipts" or key:"silver/pos__receipts" or key:"quarantine/pos__receipts"'
)


def _run(lake: Lake) -> dg.ExecuteInProcessResult:
    definitions = build_definitions(Settings(lake=lake.url))
    graph = definitions.resolve_asset_graph()
    keys = list(dg.AssetSelection.from_string(SELECTION).resolve(graph))
    job = definitions.resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.ephemeral() as instance:
        return job.execute_in_process(
            instance=instance,
            asset_selection=keys,
            tags=range_tags(DAY, DAY),
            raise_on_error=False,
        )


def _world(lake: Lake) -> None:
    receipts = [record("pos__receipts", receipt_id=f"R{n}") for n in range(5)]
    land(lake, "pos__receipts", [*receipts, receipts[0], record("pos__receipts", total_amount="x")])


def _let_engine_die(monkeypatch: pytest.MonkeyPatch, writes_before: int) -> None:
    replace, written = Engine.replace_days, []

    def replace_until_death(engine: Engine, *arguments: Any) -> None:
        if len(written) == writes_before:
            engine._server.stop()
        written.append(1)
        replace(engine, *arguments)

    monkeypatch.setattr(silver_load.Engine, "replace_days", replace_until_death)


@pytest.mark.parametrize("writes_before", [0, 1, 2])
def test_a_run_whose_engine_dies_fails_and_the_next_one_makes_it_good(
    lake: Lake, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, writes_before: int
) -> None:
    _world(lake)
    undisturbed = Lake(str(tmp_path / "undisturbed"))
    _world(undisturbed)
    assert _run(undisturbed).success

    _let_engine_die(monkeypatch, writes_before)
    died = _run(lake)
    assert not died.success
    failed = [e for e in died.all_events if e.is_step_failure]
    assert [e.step_key for e in failed] == ["silver_pos__receipts"]
    assert failed[0].step_failure_data.error is not None
    assert pending(lake, SOURCES).days == (DAY,), "what was not finished is asked for again"

    monkeypatch.undo()
    assert _run(lake).success
    assert pending(lake, SOURCES).days == ()
    assert differences(fingerprints(undisturbed), fingerprints(lake)) == []


def test_a_backfill_that_is_cut_off_is_taken_up_although_its_day_was_loaded_before(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    _world(lake)
    assert _run(lake).success
    loaded = fingerprints(lake)
    _let_engine_die(monkeypatch, writes_before=1)
    assert not _run(lake).success
    assert pending(lake, SOURCES).days == (DAY,)
    monkeypatch.undo()
    assert _run(lake).success
    assert differences(loaded, fingerprints(lake)) == []
