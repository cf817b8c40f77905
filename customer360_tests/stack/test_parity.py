"""The whole graph on the embedded engine and on Apache Spark: every table, schema and content."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from customer360.fingerprint import differences, fingerprints
from customer360.keys import GOLD, TableKey
from customer360.resources.lake import Lake

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def lakes(sail_lake: Lake, loaded: Callable[[str, Mapping[str, str]], Lake]) -> dict[str, Lake]:
    """The same landing files run on both engines; two runs each."""
    return {"sail": sail_lake, "spark": loaded("spark", {"C360_ENGINE": "spark"})}


def test_both_engines_make_the_same_tables(lakes: dict[str, Lake]) -> None:
    sail, spark = (fingerprints(lakes[engine]) for engine in ("sail", "spark"))
    assert differences(sail, spark) == []


def test_the_comparison_covers_every_layer(lakes: dict[str, Lake]) -> None:
    compared = fingerprints(lakes["sail"])
    assert {key.layer for key in compared} >= {"bronze", "silver", "quarantine", "gold", "ops"}
    assert compared[TableKey(GOLD, "customer_360")].rows > 0
    assert compared[TableKey("quarantine", "web__events")].rows > 0


def test_gold_keeps_delta_reader_version_1(lakes: dict[str, Lake]) -> None:
    for engine, lake in lakes.items():
        for key in lake.tables():
            if key.layer == GOLD:
                protocol = lake.delta(key).protocol()
                assert protocol.min_reader_version == 1, f"{engine} {key.sql}"
