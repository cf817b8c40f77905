"""The worked example of docs/quarantine.md as it is written there, and what must follow from it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from customer360 import keys
from customer360.fingerprint import differences, fingerprints
from customer360.resources.lake import Lake
from customer360.settings import PROJECT_ROOT

RECEIPTS = "pos__receipts"


def _shell(root: Path, script: str, **settings: str) -> str:
    """What a script of `customer360` commands prints; all of its commands must succeed."""
    environment = os.environ | {
        "C360_LAKE": str(root / "lake"),
        "DAGSTER_HOME": str(root / "home"),
        "COLUMNS": "160",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=environment | settings,
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def repaired(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder where the example ran, and what it printed."""
    root = tmp_path_factory.mktemp("repair")
    guide = (PROJECT_ROOT / "docs" / "quarantine.md").read_text()
    example = re.search(r"```bash\n(.*?)```", guide, re.DOTALL)
    assert example is not None
    return root, _shell(root, example[1])


def _statuses(lake: Lake) -> dict[str, int]:
    """Receipts by status, of all hops that the ledger closes."""
    rows = lake.arrow(keys.LEDGER).to_pylist()
    assert not [r for r in rows if r["records_missing"] or r["amount_missing"]]
    (row,) = [r for r in rows if r["entity"] == RECEIPTS and r["hop"] == "bronze_to_silver"]
    names = ("current", "superseded", "duplicate", "quarantined", "repaired")
    return {name: row[name] for name in names if row[name]}


def test_the_repaired_record_is_current_and_the_ledger_closes(repaired: tuple[Path, str]) -> None:
    root, printed = repaired
    lake = Lake(str(root / "lake"))
    assert _statuses(lake) == {"current": 2, "quarantined": 1, "repaired": 1}
    silver = lake.arrow(keys.silver(RECEIPTS), ["receipt_id", "total_amount"]).to_pylist()
    assert {r["receipt_id"]: r["total_amount"] for r in silver} == {
        "R1": Decimal("10.50"),
        "R2": Decimal("12.50"),
    }
    orders = lake.arrow(keys.gold("fct_orders"), ["order_id"]).column("order_id").to_pylist()
    assert sorted(orders) == ["R1", "R2"]
    (link,) = lake.arrow(keys.repairs(RECEIPTS)).to_pylist()
    assert (link["original_file"], link["original_line"], link["is_usable"]) == (
        "pos/receipts/dt=2026-01-02/tills.csv",
        3,
        True,
    )
    first, last = printed.split("Wrote 1 records to repairs/pos__receipts.jsonl")
    assert "not_a_number" in first and "Landed 1 records of pos__receipts" in last
    listed = last.split("Done in")[1]
    assert "not_a_number" not in listed and "currency_not_supported" in listed


def test_running_again_changes_nothing(repaired: tuple[Path, str]) -> None:
    root, _ = repaired
    lake = Lake(str(root / "lake"))
    before = {key: lake.delta(key).version() for key in lake.tables()}
    assert "Nothing new" in _shell(root, "customer360 run")
    assert {key: lake.delta(key).version() for key in lake.tables()} == before


def test_a_lake_built_again_from_landing_is_the_same(
    repaired: tuple[Path, str], tmp_path: Path
) -> None:
    root, _ = repaired
    shutil.copytree(root / "lake" / "landing", tmp_path / "lake" / "landing")
    _shell(tmp_path, "customer360 run")
    lakes = [fingerprints(Lake(str(folder / "lake"))) for folder in (root, tmp_path)]
    assert len(lakes[0]) > 50
    assert list(differences(*lakes)) == []


def test_replay_brings_back_what_a_corrected_rule_allows(
    repaired: tuple[Path, str], tmp_path: Path
) -> None:
    root = tmp_path / "copy"
    shutil.copytree(repaired[0], root)
    replay = "customer360 quarantine replay --rule currency_not_supported"
    said = _shell(root, replay, C360_CURRENCY="USD")
    assert "pos__receipts: 1 of 1 records left quarantine." in said
    lake = Lake(str(root / "lake"))
    assert _statuses(lake) == {"current": 3, "repaired": 1}
    assert json.loads(_shell(root, "customer360 quarantine list --json")) == []
    assert "Nothing new" in _shell(root, "customer360 run", C360_CURRENCY="USD")
