"""Power BI in the graph: there where it is configured, behind gold, never in the lake's own job."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from customer360 import keys
from customer360.assets.power_bi import SEMANTIC_MODEL
from customer360.automation.jobs import REFRESH_JOB
from customer360.automation.power_bi import POWER_BI_JOB, POWER_BI_SENSOR
from customer360.build import build_definitions
from customer360.errors import SettingsError
from customer360.resources.dbt import ensure_manifest
from customer360.serving.power_bi.model import TABLES
from customer360.settings import load_settings

pytestmark = pytest.mark.xdist_group("environments")

WORKSPACE = "11111111-2222-3333-4444-555555555555"
MODEL = "66666666-7777-8888-9999-00000000000a"


@pytest.fixture
def definitions(tmp_path: Path) -> dg.Definitions:
    settings = load_settings(
        {
            "C360_LAKE": str(tmp_path / "lake"),
            "C360_POWER_BI_WORKSPACE": WORKSPACE,
            "C360_POWER_BI_MODEL": MODEL.upper(),
        }
    )
    assert settings.power_bi_model == MODEL
    ensure_manifest(settings)
    return build_definitions(settings)


def test_semantic_model_is_behind_the_gold_that_it_shows(definitions: dg.Definitions) -> None:
    node = definitions.resolve_asset_graph().get(SEMANTIC_MODEL)
    wanted = {dg.AssetKey(list(keys.gold(name))) for name in TABLES}
    assert node.parent_keys == wanted | {dg.AssetKey(list(keys.REFRESHES))}


def test_refresh_of_the_lake_does_not_wait_for_power_bi(definitions: dg.Definitions) -> None:
    layer = definitions.resolve_job_def(REFRESH_JOB).asset_layer
    assert SEMANTIC_MODEL not in layer.executable_asset_keys
    own = definitions.resolve_job_def(POWER_BI_JOB).asset_layer
    assert set(own.selected_asset_keys) == {SEMANTIC_MODEL}


def test_refresh_of_the_lake_asks_for_one_of_power_bi(definitions: dg.Definitions) -> None:
    sensor = definitions.resolve_sensor_def(POWER_BI_SENSOR)
    with dg.DagsterInstance.ephemeral() as instance:
        with dg.build_sensor_context(instance=instance, definitions=definitions) as context:
            assert not sensor.evaluate_tick(context).run_requests
        # One that failed a check of types is no refresh to show.
        instance.report_runless_asset_event(dg.AssetMaterialization(list(keys.REFRESHES)))
        with dg.build_sensor_context(instance=instance, definitions=definitions) as context:
            tick = sensor.evaluate_tick(context)
        assert (tick.run_requests, tick.skip_message) == (
            [], "The refresh of the lake is not complete.",
        )  # fmt: skip
        complete = dg.AssetMaterialization(
            list(keys.REFRESHES), metadata={"as_of_date": "2026-01-01"}
        )
        instance.report_runless_asset_event(complete)
        with dg.build_sensor_context(
            instance=instance, definitions=definitions, cursor=tick.cursor
        ) as context:
            tick = sensor.evaluate_tick(context)
        assert len(tick.run_requests or []) == 1
        with dg.build_sensor_context(
            instance=instance, definitions=definitions, cursor=tick.cursor
        ) as context:
            assert not sensor.evaluate_tick(context).run_requests


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ("C360_POWER_BI_MODEL", "C360_POWER_BI_WORKSPACE"),
        ("C360_POWER_BI_WORKSPACE", "C360_POWER_BI_MODEL"),
    ],
)
def test_half_a_semantic_model_is_refused(given: str, missing: str) -> None:
    with pytest.raises(SettingsError, match=f"{missing}: nothing found, needed by {given}"):
        load_settings({given: MODEL})


def test_an_id_that_is_none_and_an_address_for_tokens_that_is_open_are_refused() -> None:
    with pytest.raises(SettingsError) as error:
        load_settings(
            {
                "C360_POWER_BI_WORKSPACE": "Retail",
                "C360_POWER_BI_MODEL": MODEL,
                "C360_POWER_BI_ENDPOINT": "http://power.example.com",
            }
        )
    assert "C360_POWER_BI_WORKSPACE: found 'Retail', expected an id as 1111" in str(error.value)
    assert "C360_POWER_BI_ENDPOINT: found (hidden), expected an https:// URL" in str(error.value)
