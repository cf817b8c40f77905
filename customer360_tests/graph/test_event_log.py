"""The batching event log keeps what the library's own storage keeps."""

import threading
from functools import partial
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


def test_another_thread_waits_for_a_batch_and_leaves_the_log_usable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = BatchedSqliteEventLogStorage(str(tmp_path))
    in_batch, asked = threading.Event(), threading.Event()

    def hold(_: BatchedSqliteEventLogStorage) -> None:
        in_batch.set()
        assert asked.wait(10)
        asked.clear()
        # Time in which the other thread would take part in the batch, if it could.
        asked.wait(0.5)

    read: list[int] = []

    def ask() -> None:
        assert in_batch.wait(10)
        asked.set()
        read.append(len(log.get_logs_for_run("run")))

    monkeypatch.setattr(BatchedSqliteEventLogStorage, "_store_deferred", hold)
    for together in ([partial(log.store_event_batch, []), ask], [ask]):
        # Daemons: a thread that waits for ever does not keep the tests from ending.
        threads = [threading.Thread(target=each, daemon=True) for each in together]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert read == [0, 0]
