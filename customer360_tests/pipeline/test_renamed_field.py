"""From a field that the source renamed to restated history, as docs/drift.md tells it."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from customer360.assets.bronze import FIELDS_CHECK
from customer360.automation.jobs import range_tags
from customer360.build import build_definitions
from customer360.keys import bronze, silver
from customer360.resources.lake import Lake
from customer360.resources.loads import pending
from customer360.settings import PROJECT_ROOT, Settings
from customer360.sources import SOURCES
from customer360.sources.spec import OnDrift, SourceSpec
from customer360_tests.builders import DAY, land, record
from customer360_tests.commands import Command

ACCOUNTS = "ecommerce__accounts"
NEXT_DAY = DAY + timedelta(days=1)
BEGAN = "ecommerce/accounts/dt=2026-01-03/part.jsonl:1"


def accounts(first: int, **overrides: Any) -> list[dict[str, Any]]:
    numbers = range(first, first + 30)
    return [
        record(ACCOUNTS, account_id=f"A{n}", email=f"a{n}@example.com", **overrides)
        for n in numbers
    ]


def land_renamed(lake: Lake) -> None:
    """A day with `phone`, and one with `phone_number` and `points`."""
    land(lake, ACCOUNTS, accounts(0, phone="030 1234567"))
    land(lake, ACCOUNTS, accounts(30, phone_number="030 7654321", points=7), day=NEXT_DAY)


def test_a_renamed_field_is_found_patched_and_history_restated(
    lake: Lake, start: Callable[..., Command], tmp_path: Path
) -> None:
    land_renamed(lake)
    # Identity and gold are made by the rebuild.
    start(lake, "run", "run", "--select", '+key:"ops/ledger"').ended()
    assert _phones(lake) == {"030 1234567": 30, None: 30}

    told = start(lake, "told", "drift", ACCOUNTS).ended()
    assert f"phone seems to be renamed to phone_number (sureness 100%) from {BEGAN} on" in told
    assert f"points is not declared: number in 30 records (50.0%), first {BEGAN}" in told
    state = json.loads(start(lake, "status", "status", "--json").ended())
    assert (FIELDS_CHECK, "WARN") in [(c["check"], c["severity"]) for c in state["failing_checks"]]
    version = state["contract_versions"][ACCOUNTS]
    assert version in told

    patch = start(lake, "patch", "drift", ACCOUNTS, "--patch").ended()
    copy = _copy_of_project(tmp_path)
    _in_copy(copy, "git", "apply", "-", given=patch)
    changed = (copy / "customer360" / "sources" / "ecommerce.py").read_text()
    assert 'pii=True, also=("phone_number",)),' in changed
    assert 'Field("points", "Description to be written.", Kind.INTEGER),' in changed
    _checks_pass(copy)

    code = "from customer360.cli import main; main()"
    # -P: the copy's package, not the one of the folder that the tests run in.
    in_copy = (sys.executable, "-P", "-c", code)
    where = {"PYTHONPATH": str(copy)}
    rebuilt = Command(lake, "rebuilt", (*in_copy, "rebuild", "--entity", ACCOUNTS), where)
    rebuilt.ended()
    assert _phones(lake) == {"030 1234567": 30, "030 7654321": 30}
    points = lake.arrow(silver(ACCOUNTS), ["points"]).column("points")
    assert points.value_counts().to_pylist() in (
        [{"values": None, "counts": 30}, {"values": 7, "counts": 30}],
        [{"values": 7, "counts": 30}, {"values": None, "counts": 30}],
    )
    after = Command(lake, "after", (*in_copy, "drift", ACCOUNTS, "--check"), where).ended()
    assert "Records are as declared." in after
    assert version not in after


def _phones(lake: Lake) -> dict[str | None, int]:
    values = lake.arrow(silver(ACCOUNTS), ["phone"]).column("phone").value_counts().to_pylist()
    return {row["values"]: row["counts"] for row in values}


def _copy_of_project(folder: Path) -> Path:
    """The files under version control, in a repository of their own."""
    copy = folder / "copy"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        target = copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT_ROOT / name, target)
    _in_copy(copy, "git", "init", "--quiet")
    return copy


def _checks_pass(copy: Path) -> None:
    """Format, lint, types, and the tests that compare declarations with what derives from them."""
    sources = "customer360/sources"
    python = sys.executable
    _in_copy(copy, python, "-m", "ruff", "check", sources)
    _in_copy(copy, python, "-m", "ruff", "format", "--check", sources)
    _in_copy(copy, python, "-m", "mypy", "--follow-imports=silent", f"{sources}/ecommerce.py")
    tests = (
        "customer360_tests/unit/test_spec.py",
        "customer360_tests/unit/test_landing_document.py",
        "customer360_tests/dbt/test_dbt_sources.py",
    )
    said = _in_copy(copy, python, "-m", "pytest", "-q", *tests)
    assert " passed" in said


def _in_copy(copy: Path, *words: str, given: str = "") -> str:
    done = subprocess.run(
        words,
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy)},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# What a load does


def _load(
    settings: Settings, on_drift: OnDrift, first: date, last: date | None = None
) -> tuple[dg.ExecuteInProcessResult, dg.AssetCheckEvaluation]:
    """Bronze and silver of the accounts, under a rule, and what the check found."""
    definitions = build_definitions(settings, sources=tuple(_ruled(s, on_drift) for s in SOURCES))
    tables = [dg.AssetKey(list(key(ACCOUNTS))) for key in (bronze, silver)]
    quarantine = dg.AssetKey(["quarantine", ACCOUNTS])
    job = definitions.resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(
            instance=instance,
            asset_selection=[*tables, quarantine],
            tags=range_tags(first, last or first),
            raise_on_error=False,
        )
    (check,) = [c for c in result.get_asset_check_evaluations() if c.check_name == FIELDS_CHECK]
    return result, check


def _ruled(source: SourceSpec, on_drift: OnDrift) -> SourceSpec:
    entities = tuple(
        dataclasses.replace(e, on_drift=on_drift) if source.table(e.name) == ACCOUNTS else e
        for e in source.entities
    )
    return dataclasses.replace(source, entities=entities)


def test_a_vanished_field_blocks_where_the_spec_says_so_and_only_warns_elsewhere(
    settings: Settings, lake: Lake
) -> None:
    land_renamed(lake)
    result, check = _load(settings, OnDrift.BLOCK, DAY)
    assert (result.success, check.passed) == (True, True)

    result, check = _load(settings, OnDrift.BLOCK, NEXT_DAY)
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert f"phone is gone from {BEGAN} on" in str(check.metadata["found"].value)
    assert lake.row_count(silver(ACCOUNTS)) == 30, "silver waits"
    assert lake.row_count(bronze(ACCOUNTS)) == 60, "bronze keeps everything"

    result, check = _load(settings, OnDrift.WARN, NEXT_DAY)
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert result.success
    assert lake.row_count(silver(ACCOUNTS)) == 60


def test_a_blocked_entity_goes_on_when_the_source_has_landed_its_files_again(
    settings: Settings, lake: Lake
) -> None:
    land_renamed(lake)
    assert _load(settings, OnDrift.BLOCK, DAY)[0].success
    assert not _load(settings, OnDrift.BLOCK, NEXT_DAY)[0].success
    assert pending(lake, SOURCES).days == (NEXT_DAY,)

    arrival = NEXT_DAY + timedelta(days=1)
    again = accounts(30, phone="030 7654321", updated_at=f"{NEXT_DAY}T08:00:00Z")
    land(lake, ACCOUNTS, again, day=arrival)
    assert pending(lake, SOURCES).days == (NEXT_DAY, arrival)
    result, check = _load(settings, OnDrift.BLOCK, NEXT_DAY, arrival)
    assert result.success
    # What is not declared in the first file still warns.
    assert check.severity is dg.AssetCheckSeverity.WARN
    assert _phones(lake) == {"030 1234567": 30, "030 7654321": 30}
    assert pending(lake, SOURCES).days == ()


def test_a_new_field_never_blocks(settings: Settings, lake: Lake) -> None:
    land(lake, ACCOUNTS, accounts(0, coupon="c"))
    result, check = _load(settings, OnDrift.BLOCK, DAY)
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert result.success
    assert lake.row_count(silver(ACCOUNTS)) == 30
