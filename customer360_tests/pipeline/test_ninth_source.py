"""A ninth source, declared exactly as in docs/adding-a-source.md, goes through the graph."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from customer360.automation.jobs import range_tags
from customer360.build import build_definitions
from customer360.keys import TableKey
from customer360.resources.lake import Lake
from customer360.settings import PROJECT_ROOT, Settings
from customer360.sources import SOURCES
from customer360.sources.spec import SourceSpec


@pytest.fixture
def loyalty() -> SourceSpec:
    """The source that the guide declares."""
    guide = (PROJECT_ROOT / "docs" / "adding-a-source.md").read_text()
    code = re.search(r"```python\n(.*?)```", guide, re.DOTALL)
    assert code is not None
    namespace: dict[str, Any] = {}
    exec(re.sub(r"^   ", "", code[1], flags=re.MULTILINE), namespace)  # noqa: S102 - our own guide
    source = namespace["LOYALTY"]
    assert isinstance(source, SourceSpec)
    return source


def test_a_ninth_source_is_one_declaration(
    settings: Settings, lake: Lake, loyalty: SourceSpec
) -> None:
    folder = Path(lake.landing) / "loyalty" / "movements" / "dt=2026-01-02"
    folder.mkdir(parents=True)
    (folder / "movements.csv").write_text(
        "movement_id,loyalty_card_number,points,moved_at\n"
        "M1,9001,25,2026-01-02T10:00:00Z\n"
        "M2,9001,many,2026-01-02T11:00:00Z\n"
        ",9001,5,2026-01-02T12:00:00Z\n"
    )
    definitions = build_definitions(settings, sources=(*SOURCES, loyalty))
    keys = [
        dg.AssetKey([layer, "loyalty__movements"]) for layer in ("bronze", "silver", "quarantine")
    ]
    job = definitions.resolve_implicit_global_asset_job_def()
    day = date(2026, 1, 2)
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(
            instance=instance, asset_selection=keys, tags=range_tags(day, day)
        )
    assert result.success
    silver = lake.arrow(TableKey("silver", "loyalty__movements"))
    rows = silver.select(["movement_id", "points", "issues", "record_line"]).to_pylist()
    assert sorted(rows, key=lambda r: r["movement_id"]) == [
        {"movement_id": "M1", "points": 25, "issues": None, "record_line": 2},
        {"movement_id": "M2", "points": None, "issues": "points:not_a_number", "record_line": 3},
    ]
    quarantined = lake.arrow(TableKey("quarantine", "loyalty__movements"))
    assert quarantined.select(["rule", "column_name", "record_line"]).to_pylist() == [
        {"rule": "missing", "column_name": "movement_id", "record_line": 4}
    ]
