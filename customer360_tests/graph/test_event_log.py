"""The batching event log keeps what the library's own storage keeps."""

from pathlib import Path

import dagster as dg
import pytest

from customer360.automation.event_log import BatchedSqliteEventLogStorage
from customer360.automation.jobs import RANGE_END, RANGE_START
from customer360.commands.instance import open_instance

DAYS = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-11")


@dg.asset(partitions_def=DAYS, backfill_policy=dg.BackfillPolicy.single_run())
def numbers(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    for day in context.partition_keys:
        context.add_asset_metadata({"day": day}, partition_key=day)
    return dg.MaterializeResult()


def test_a_batch_of_events_is_stored_once_with_its_own_metadata(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    batches: list[int] = []
    store = BatchedSqliteEventLogStorage.store_event_batch
    monkeypatch.setattr(
        BatchedSqliteEventLogStorage,
        "store_event_batch",
        lambda self, events: (batches.append(len(events)), store(self, events))[1],
    )
    job = dg.Definitions([numbers]).resolve_implicit_global_asset_job_def()
    tags = {RANGE_START: "2026-01-01", RANGE_END: "2026-01-10"}
    with open_instance() as instance:
        assert isinstance(instance.event_log_storage, BatchedSqliteEventLogStorage)
        assert job.execute_in_process(instance=instance, tags=tags).success
        events = instance.fetch_materializations(numbers.key, limit=100).records
        assert len(instance.get_materialized_partitions(numbers.key)) == 10
        last = instance.get_latest_materialization_event(numbers.key)
        assert last is not None
        assert last.dagster_event is not None
        assert last.dagster_event.partition == "2026-01-10"
    assert batches.count(10) == 2, "one batch of planned and one of materialized partitions"
    stored = {
        (e.partition_key, e.asset_materialization.metadata["day"].value)  # type: ignore[union-attr]
        for e in events
    }
    assert len(events) == 10
    assert stored == {(f"2026-01-{d:02}",) * 2 for d in range(1, 11)}
