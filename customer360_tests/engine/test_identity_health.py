"""The figures of identity over hand-made customers, their checks, the page in the lake."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner

from customer360 import keys
from customer360.assets.identity_health import (
    ATTACHED_CHECK,
    RATES_CHECK,
    REPORT,
    SIZE_CHECK,
    build_identity_health,
)
from customer360.checks import identity_drift
from customer360.cli import main
from customer360.identity.resolve import build_households
from customer360.pages.identity_report import assess
from customer360.resources.identity_history import read_figures
from customer360.resources.lake import Lake
from customer360.resources.session import Engine
from customer360.settings import Settings
from customer360.sources import SOURCES
from customer360_tests.identity_world import WORLD, Row, create_silver, fill, resolve


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = Engine("sail", Lake(str(tmp_path_factory.mktemp("health"))))
    create_silver(opened)
    refresh(opened, WORLD)
    yield opened
    opened.close()


def refresh(engine: Engine, world: dict[str, list[Row]]) -> None:
    """What a run does before identity is measured."""
    fill(engine, world)
    resolve(engine)
    build_households(engine)


def materialize(lake: Lake, limit: int = 12) -> dict[str, bool]:
    """Measure as a run does; gives whether each check passed."""
    settings = Settings(lake=lake.url, shared_identifier_limit=limit)
    result = dg.materialize(
        [build_identity_health(SOURCES, settings)],
        resources={"lake": lake},
        instance=dg.DagsterInstance.ephemeral(),
    )
    found = result.get_asset_check_evaluations()
    assert {each.severity for each in found} == {dg.AssetCheckSeverity.WARN}
    return {each.check_name: each.passed for each in found}


def test_figures_are_what_the_tables_hold(engine: Engine) -> None:
    health = assess(engine.lake, SOURCES, 12).health
    tables = {t.entity: (t.records, t.attached, t.matched) for t in health.tables}
    assert tables == {
        "crm__contacts": (14, 14, 4),
        "ecommerce__accounts": (4, 4, 4),
        "social__profiles": (4, 2, 2),
        "ecommerce__orders": (6, 6, 4),
        "service__tickets": (3, 3, 1),
        "pos__receipts": (5, 3, 1),
        "marketing__deliveries": (4, 2, 2),
        # Two events of Anna's cookie, one of Hana's.
        "web__events": (9, 3, 3),
    }
    assert health.customers == sum(customers for _, customers in health.sizes) == 18
    assert health.largest[0][1] == 3
    assert (health.pairs.links, health.pairs.conflicts) == (9, 2)
    assert health.pairs.candidates is None
    assert health.people is None


def test_runs_are_compared_and_the_page_is_in_the_lake(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity_drift, "LEAST_RECORDS", 4)
    everything = {RATES_CHECK: True, ATTACHED_CHECK: True, SIZE_CHECK: True}
    assert materialize(engine.lake) == everything
    page = Path(engine.lake.url) / "reports" / REPORT
    assert "There is no earlier run to compare with." in page.read_text()
    # Looking again at one state is no other run.
    assert materialize(engine.lake) == everything
    assert len(read_figures(engine.lake)) == 1
    # The shop sends no addresses any more: guests are nobody, accounts are alone.
    shop = ("ecommerce__accounts", "ecommerce__orders")
    bare = {t: [r | {"email": None} for r in rows] if t in shop else rows
            for t, rows in WORLD.items()}  # fmt: skip
    refresh(engine, bare)
    assert materialize(engine.lake, limit=1) == dict.fromkeys(everything, False)
    assert "The match rate fell: ecommerce__accounts" in page.read_text()
    assert len(read_figures(engine.lake)) == 2
    assert engine.lake.exists(keys.IDENTITY_HEALTH)


def test_lake_without_records_has_a_page(engine: Engine) -> None:
    refresh(engine, {table: [] for table in WORLD})
    health = assess(engine.lake, SOURCES, 12).health
    assert (health.customers, health.activity.records, health.activity.match_rate) == (0, 0, 0)
    assert set(materialize(engine.lake).values()) == {True}


def test_command_writes_the_page_where_it_is_told(engine: Engine, tmp_path: Path) -> None:
    output = tmp_path / "health.html"
    result = CliRunner().invoke(
        main,
        ["identity", "report", "--output", str(output)],
        env={"C360_LAKE": engine.lake.url, "COLUMNS": "200"},
    )
    assert result.exit_code == 0, result.output
    assert "customers; " in result.output
    assert "<svg" in output.read_text()


def test_command_says_that_nobody_is_known_yet(lake: Lake, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        main, ["identity", "report", "--output", str(tmp_path / "x")], env={"C360_LAKE": lake.url}
    )
    assert result.exit_code == 1
    assert "customer360 run" in result.output
    assert not (tmp_path / "x").exists()
