"""The dbt project as data: it parses for both targets without a network, and explains itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from customer360.resources.dbt import PROJECT_DIR
from customer360.serving.dashboard.app import PAGES
from customer360.serving.metrics import read_metrics
from customer360.serving.power_bi.pages import PAGES as POWER_BI_PAGES
from customer360.serving.power_bi.pages import visuals
from customer360.serving.published import read_gold
from customer360.settings import PROJECT_ROOT

# One worker: the manifest is parsed once.
pytestmark = pytest.mark.xdist_group("dbt_manifest")

SEGMENTS_FOLDER = PROJECT_DIR / "models/marts/customers"


def _models(manifest: dict[str, Any], folder: str = "") -> Iterator[dict[str, Any]]:
    """Models below a folder of `models/`."""
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and node["path"].startswith(folder):
            yield node


@pytest.mark.parametrize("target", ["local", "databricks"])
def test_project_parses_without_network_and_settings(
    parse_offline: Callable[[str], dict[str, Any]], target: str
) -> None:
    manifest = parse_offline(target)
    assert manifest["metadata"]["adapter_type"] == {"local": "spark"}.get(target, target)
    assert {m["schema"] for m in _models(manifest)} == {"staging", "intermediate", "gold"}


def test_every_model_and_snapshot_says_what_a_row_is(manifest: dict[str, Any]) -> None:
    kinds = ("model", "snapshot")
    silent = [
        n["name"]
        for n in manifest["nodes"].values()
        if n["resource_type"] in kinds
        and not re.search(r"(^|[.:] )One row per [^.]+\.$", n["description"].strip())
    ]
    assert silent == []


def test_every_column_of_every_mart_has_a_meaning_and_a_type(manifest: dict[str, Any]) -> None:
    missing = [
        f"{model['name']}.{column['name']}"
        for model in _models(manifest, "marts")
        for column in model["columns"].values()
        if not column["description"].strip() or not column["data_type"]
    ]
    assert missing == []


def test_every_mart_has_a_contract_and_a_key_test(manifest: dict[str, Any]) -> None:
    tested = {
        n["attached_node"]
        for n in manifest["nodes"].values()
        if n["resource_type"] == "test"
        and (n.get("test_metadata") or {}).get("name") == "key_is_unique"
    }
    marts = list(_models(manifest, "marts"))
    assert [m["name"] for m in marts if not m["config"]["contract"]["enforced"]] == []
    assert [m["name"] for m in marts if m["unique_id"] not in tested] == []


def test_no_mart_but_the_histories_depends_on_a_snapshot(manifest: dict[str, Any]) -> None:
    readers = {
        n["name"]
        for n in _models(manifest)
        if any(parent.startswith("snapshot.") for parent in n["depends_on"]["nodes"])
    }
    assert readers == {"dim_customers_history", "dim_products_history"}
    children = {
        c
        for n in manifest["child_map"]
        if n.split(".")[-1] in readers
        for c in manifest["child_map"][n]
    }
    assert {c.split(".")[0] for c in children} <= {"test", "exposure"}


def test_segment_rules_are_documented_in_the_order_in_which_they_apply(
    manifest: dict[str, Any],
) -> None:
    sql = (PROJECT_DIR / "macros/segment.sql").read_text()
    applied = re.findall(r"(?:then|else) '(\w+)'", sql)
    document = (SEGMENTS_FOLDER / "segments.md").read_text()
    documented = re.findall(r"^\d+\. `(\w+)`:", document, re.MULTILINE)
    (allowed,) = (
        n["test_metadata"]["kwargs"]["values"]
        for n in manifest["nodes"].values()
        if n["name"] == "customer_segments_segment_is_an_allowed_value"
    )
    assert applied == documented == allowed


def test_documented_number_of_days_is_the_variable(manifest: dict[str, Any]) -> None:
    project = (PROJECT_DIR / "dbt_project.yml").read_text()
    values = {
        n: int(v)
        for n, v in re.findall(r"^  (\w+_(?:days|minutes)): (\d+)$", project, re.MULTILINE)
    }
    segments = (SEGMENTS_FOLDER / "segments.md").read_text()
    nodes = {m["name"]: m["description"] for m in _models(manifest)}
    assert f"at most {values['new_customer_days']} days" in segments
    assert f"to {values['campaign_attribution_days']} days after" in nodes["campaign_performance"]
    assert f"pause of {values['session_gap_minutes']} minutes" in nodes["fct_web_sessions"]
    service = nodes["service_performance"]
    assert f"{values['service_effect_days']} days before and after" in service


def test_every_rule_of_quarantine_is_told_in_words() -> None:
    mart = (PROJECT_DIR / "models/marts/operations/quarantine_summary.sql").read_text()
    told = re.findall(r"when '(\w+)' then '", mart)
    document = (PROJECT_ROOT / "docs/quarantine.md").read_text().split("## Rules")[1]
    rows = re.findall(r"^\| (`.*?) \|", document, re.MULTILINE)
    assert told == [rule for row in rows for rule in re.findall(r"`(\w+)`", row)]


def test_exposures_name_their_owners(manifest: dict[str, Any]) -> None:
    owners = {e["name"]: e["owner"]["email"] for e in manifest["exposures"].values()}
    assert set(owners.values()) == {"customer-data@example.com"}


def test_every_page_of_the_dashboard_is_an_exposure(manifest: dict[str, Any]) -> None:
    shown = {exposure["name"] for exposure in manifest["exposures"].values()}
    assert {f"dashboard_{page.name}" for page in PAGES} <= shown


def test_exposures_of_power_bi_and_synapse_name_what_they_read(manifest: dict[str, Any]) -> None:
    metrics = read_metrics(manifest)
    declared = {
        exposure["name"]: {node.rpartition(".")[2] for node in exposure["depends_on"]["nodes"]}
        for exposure in manifest["exposures"].values()
    }
    for page in POWER_BI_PAGES:
        read = {
            field.partition(".")[0] if "." in field else metrics[field].table.table
            for visual in visuals(page).values()
            for fields in visual.fields.values()
            for field in fields
        }
        assert declared[f"power_bi_{page.name}"] == read
    assert declared["synapse_views"] == {table.key.table for table in read_gold(manifest)}
