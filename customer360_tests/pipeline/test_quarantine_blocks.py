"""A jump of quarantined records warns, or blocks until somebody has decided."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from rich.console import Console

from customer360 import keys
from customer360.assets.silver import QUARANTINE_CHECK
from customer360.automation.jobs import range_tags
from customer360.build import build_definitions
from customer360.commands.quarantine import Chosen, drop_records
from customer360.keys import LEDGER
from customer360.resources.lake import Lake
from customer360.resources.loads import pending
from customer360.settings import Settings
from customer360.sources import SOURCES
from customer360.sources.spec import QuarantineLimit, SourceSpec
from customer360_tests.builders import DAY, land, record, spec

RECEIPTS = "pos__receipts"
LATER = date(2026, 1, 3)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


@pytest.fixture
def bad_day(lake: Lake) -> date:
    """A day whose records are bad, after one whose records are good."""
    good = [record(RECEIPTS, receipt_id=f"R{n}") for n in range(10)]
    land(lake, RECEIPTS, good)
    bad = [{**r, "receipt_id": f"{r['receipt_id']}-2", "total_amount": "x"} for r in good[:6]]
    land(lake, RECEIPTS, [*good[6:], *bad], day=LATER)
    return LATER


def _sources(*, blocks: bool) -> tuple[SourceSpec, ...]:
    source, receipts = spec(RECEIPTS)
    limited = replace(receipts, quarantine_limit=QuarantineLimit(blocks=blocks))
    entities = tuple(limited if e is receipts else e for e in source.entities)
    return tuple(replace(s, entities=entities) if s is source else s for s in SOURCES)


def _run(
    settings: Settings,
    instance: dg.DagsterInstance,
    *,
    blocks: bool,
    days: tuple[date, date] = (DAY, LATER),
) -> tuple[dg.ExecuteInProcessResult, dg.AssetCheckEvaluation]:
    definitions = build_definitions(settings, sources=_sources(blocks=blocks))
    job = definitions.resolve_implicit_global_asset_job_def()
    tables = [dg.AssetKey([layer, RECEIPTS]) for layer in ("bronze", "silver", "quarantine")]
    if blocks:
        # Reads silver.
        tables.append(dg.AssetKey(list(LEDGER)))
    result = job.execute_in_process(
        instance=instance,
        asset_selection=tables,
        tags=range_tags(*days),
        raise_on_error=False,
    )
    checks = result.get_asset_check_evaluations()
    return result, next(c for c in checks if c.check_name == QUARANTINE_CHECK)


def test_a_jump_warns_and_names_the_day(
    settings: Settings, lake: Lake, instance: dg.DagsterInstance, bad_day: date
) -> None:
    result, check = _run(settings, instance, blocks=False)
    assert result.success and not check.passed
    assert check.severity is dg.AssetCheckSeverity.WARN
    assert check.description == f"{bad_day}: 6 of 10 records (60.0%), at most 5.0% are usual"
    assert not pending(lake, SOURCES).days


@pytest.mark.usefixtures("bad_day")
def test_a_jump_blocks_where_the_entity_says_so_until_somebody_decides(
    settings: Settings, lake: Lake, instance: dg.DagsterInstance
) -> None:
    for _ in range(2):
        result, check = _run(settings, instance, blocks=True)
        assert not result.success and not check.passed and check.blocking
        assert check.severity is dg.AssetCheckSeverity.ERROR
        assert not any(e.step_key == "ops__ledger" for e in result.all_events if e.is_step_start)
        # The good day counts as loaded, the bad one does not.
        assert pending(lake, SOURCES).days == (LATER,)
    decision: dict[str, Any] = {"reason": "test till", "by": "Ada", "at": datetime.now(UTC)}
    drop_records(settings, Console(quiet=True), RECEIPTS, Chosen(), **decision, really=True)
    result, check = _run(settings, instance, blocks=True)
    assert check.passed
    assert any(e.step_key == "ops__ledger" for e in result.all_events if e.is_step_start)
    assert not pending(lake, SOURCES).days


def test_a_blocked_day_goes_on_when_it_is_loaded_together_with_its_repair(
    settings: Settings, lake: Lake, instance: dg.DagsterInstance, bad_day: date
) -> None:
    assert not _run(settings, instance, blocks=True)[1].passed
    # The header is the first line, four good records follow, then six bad ones.
    repairs = [
        record(
            RECEIPTS,
            receipt_id=f"R{number}-2",
            total_amount="9.50",
            _repairs=f"pos/receipts/dt={bad_day}/part.csv:{number + 6}",
        )
        for number in range(6)
    ]
    arrival = bad_day + timedelta(days=1)
    folder = Path(lake.landing) / "pos" / "receipts" / f"dt={arrival}"
    folder.mkdir()
    (folder / "repaired.jsonl").write_text("".join(json.dumps(r) + "\n" for r in repairs))
    _, alone = _run(settings, instance, blocks=True, days=(bad_day, bad_day))
    assert not alone.passed
    assert pending(lake, SOURCES).days == (bad_day, arrival)
    _, together = _run(settings, instance, blocks=True, days=(bad_day, arrival))
    assert together.passed
    assert not pending(lake, SOURCES).days
    assert lake.row_count(keys.quarantine(RECEIPTS)) == 0
    assert lake.row_count(keys.silver(RECEIPTS)) == 16
