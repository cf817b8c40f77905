"""Histories: what each run saw, by the data's clock."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from customer360.assets.silver_load import load_days
from customer360.resources.dbt import PROJECT_DIR
from customer360_tests.builders import DAY, put_bronze, record, spec
from customer360_tests.dbt.gold import ONLY_MODELS, Gold, see

FIRST, SECOND, THIRD = date(2026, 1, 20), date(2026, 1, 21), date(2026, 1, 22)


@pytest.fixture(scope="module")
def versions(gold: Gold) -> list[list[tuple[Any, ...]]]:
    """The versions after each of seven runs over one lake."""
    return [
        see(gold, {"C1": "a@x", "C2": "b@x"}, FIRST),
        see(gold, {"C1": "a@x", "C2": "b@x"}, SECOND),
        see(gold, {"C1": "c@x", "C2": "b@x"}, SECOND),
        # Corrected twice on one as-of date, back to what it was.
        see(gold, {"C1": "d@x", "C2": "b@x"}, SECOND),
        see(gold, {"C1": "c@x", "C2": "b@x"}, SECOND),
        see(gold, {"C1": "c@x"}, THIRD),
        # A run over an older lake changes nothing that is recorded.
        see(gold, {"C1": "a@x"}, FIRST),
    ]


A1 = ("C1", "a@x", FIRST, None, True)
A1_ENDED = ("C1", "a@x", FIRST, SECOND, False)
B1 = ("C2", "b@x", FIRST, None, True)
C1 = ("C1", "c@x", SECOND, None, True)


def test_first_run_records_every_customer_from_its_as_of_date(
    versions: list[list[tuple[Any, ...]]],
) -> None:
    assert versions[0] == [A1, B1]


def test_run_over_unchanged_customers_adds_nothing(versions: list[list[tuple[Any, ...]]]) -> None:
    assert versions[1] == [A1, B1]


def test_change_ends_one_version_and_starts_another(versions: list[list[tuple[Any, ...]]]) -> None:
    assert versions[2] == [A1_ENDED, C1, B1]


def test_second_change_on_one_as_of_date_replaces_the_first(
    versions: list[list[tuple[Any, ...]]],
) -> None:
    assert versions[3] == [A1_ENDED, ("C1", "d@x", SECOND, None, True), B1]
    assert versions[4] == [A1_ENDED, C1, B1]


def test_customer_that_is_gone_has_no_current_version(
    versions: list[list[tuple[Any, ...]]],
) -> None:
    assert versions[5] == [A1_ENDED, C1, ("C2", "b@x", FIRST, THIRD, False)]


def test_older_as_of_date_changes_nothing(versions: list[list[tuple[Any, ...]]]) -> None:
    assert versions[6] == versions[5]


def test_snapshot_that_gains_a_column_keeps_its_versions(gold: Gold, tmp_path: Path) -> None:
    put_bronze(gold.engine.lake, "catalog__products", [record("catalog__products")])
    load_days(gold.engine, *spec("catalog__products"), [DAY], "EUR")
    gold.run("build", "--select", "+products_snapshot", *ONLY_MODELS, as_of=FIRST)
    wider = tmp_path / "project"
    shutil.copytree(PROJECT_DIR, wider, ignore=shutil.ignore_patterns("target*", "logs"))
    snapshot = wider / "snapshots/products_snapshot.sql"
    snapshot.write_text(snapshot.read_text().replace('"unit_cost"]', '"unit_cost", "updated_at"]'))
    gold.run("build", "--select", "+products_snapshot", *ONLY_MODELS, as_of=SECOND, project=wider)
    columns = ("sku", "updated_at", "dbt_valid_from", "dbt_valid_to")
    first, second = (datetime(day.year, day.month, day.day, tzinfo=UTC) for day in (FIRST, SECOND))
    assert [tuple(row.values()) for row in gold.rows("products_snapshot", *columns)] == [
        ("P1", None, first, second),
        ("P1", datetime(2026, 1, 1, 8, tzinfo=UTC), second, None),
    ]
