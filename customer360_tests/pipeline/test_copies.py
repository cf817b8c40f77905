"""Landing assets that a Data Factory copies: Azure's client, HTTP, a factory that really copies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from customer360.resources.lake import Lake
from customer360_tests.builders import DAY, record
from customer360_tests.data_factory.setting import Setting, data_factory


@pytest.fixture
def setting(lake: Lake, tmp_path: Path) -> Iterator[Setting]:
    with data_factory(lake, tmp_path) as opened:
        yield opened


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


def _interactions(count: int) -> list[dict[str, object]]:
    return [
        record(
            "social__interactions",
            interaction_id=f"I{number}",
            occurred_at=f"2026-01-02T09:00:{number:02}Z",
        )
        for number in range(count)
    ]


def _metadata(instance: dg.DagsterInstance, entity: str) -> dict[str, object]:
    events = instance.fetch_materializations(dg.AssetKey(["landing", entity]), limit=1).records
    found = events[0].asset_materialization
    assert found is not None
    assert found.partition == str(DAY)
    return {name: value.value for name, value in found.metadata.items()}


def test_all_pages_of_a_window_land_as_one_file(
    setting: Setting, instance: dg.DagsterInstance
) -> None:
    late = record(
        "social__interactions", interaction_id="other", occurred_at="2026-01-03T00:00:00Z"
    )
    setting.api.put("v1/interactions", "occurred_at", [*_interactions(5), late])
    result = setting.copy(instance, ["social__interactions"], DAY)
    assert result.success, result.all_events
    landed = setting.landed("social__interactions", DAY)
    assert list(landed) == ["copy_2026-01-02.jsonl"]
    rows = [json.loads(line) for line in landed["copy_2026-01-02.jsonl"].splitlines()]
    assert [row["interaction_id"] for row in rows] == ["I0", "I1", "I2", "I3", "I4"]
    assert len(setting.api.requests) == 3
    metadata = _metadata(instance, "social__interactions")
    (run,) = setting.stand_in.masters()
    assert metadata["rows_copied"] == 5
    assert metadata["bytes_copied"] == len(landed["copy_2026-01-02.jsonl"])
    assert metadata["run_id"] == run.run_id
    assert str(metadata["run"]).startswith("https://adf.azure.com/en/monitoring/pipelineruns/")
    assert metadata["published_files"] == [
        "social/interactions/dt=2026-01-02/copy_2026-01-02.jsonl"
    ]
