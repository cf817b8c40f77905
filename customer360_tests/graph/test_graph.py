"""The asset graph as data: closed, complete, one key per table."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.instance.config import PoolGranularity

from customer360 import keys
from customer360.assets.gold import TYPES_CHECK
from customer360.automation.jobs import INGEST_JOB, REFRESH_JOB, UPKEEP_JOB
from customer360.automation.schedules import build_schedules
from customer360.build import build_definitions
from customer360.commands.instance import open_instance
from customer360.commands.run import RunFailedError, selected
from customer360.identity import contract as identity
from customer360.resources.dbt import ensure_manifest
from customer360.settings import Settings
from customer360.sources import SOURCES

MARTS = {
    "dim_customers", "dim_products", "dim_stores", "dim_dates", "dim_customers_history",
    "dim_products_history", "fct_order_lines", "fct_orders", "fct_web_sessions", "fct_interactions",
    "fct_tickets", "fct_ledger", "campaign_performance", "customer_rfm", "customer_segments",
    "customer_360", "sales_by_period", "customer_timeline", "customer_search",
    "customer_segments_monthly", "customer_records", "customer_attribute_values", "dim_households",
    "customer_categories", "retention_cohorts", "repeat_purchases", "category_pairs",
    "product_performance", "service_performance", "quarantine_summary",
}  # fmt: skip

# Everything that a setting can change about the graph.
ENVIRONMENTS = {
    "local": Settings(lake="/nowhere"),
    "server": Settings(lake="/nowhere", env="server"),
    "remote lake": Settings(lake="abfss://lake@account.dfs.core.windows.net"),
    "spark": Settings(lake="/nowhere", engine="spark"),
    "databricks": Settings(lake="/nowhere", dbt_target="databricks"),
    "data factory": Settings(
        lake="/nowhere",
        env="server",
        ingestion="data_factory",
        azure_subscription="s",
        azure_resource_group="g",
        data_factory="f",
    ),
    "power bi": Settings(lake="/nowhere", power_bi_workspace="w", power_bi_model="m"),
}


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return build_definitions(Settings(lake="/nowhere"))


@pytest.fixture(scope="module")
def paths(definitions: dg.Definitions) -> set[tuple[str, ...]]:
    return {tuple(k.path) for k in definitions.resolve_asset_graph().get_all_asset_keys()}


def test_every_upstream_key_is_produced_or_declared_external(definitions: dg.Definitions) -> None:
    # A typo in an upstream key loads and validates: it becomes an external asset that nobody
    # declared.
    graph = definitions.resolve_asset_graph()
    external = {tuple(k.path) for k in graph.external_asset_keys}
    declared = {("landing", s.table(e.name)) for s in SOURCES for e in s.entities}
    declared |= {(keys.POWER_BI, "customer360")}
    assert {p for p in external if p[0] != "exposure"} == declared


def test_every_asset_key_is_layer_and_table(paths: set[tuple[str, ...]]) -> None:
    assert {len(p) for p in paths} == {2}
    shown = {"exposure", keys.POWER_BI}
    assert {p[0] for p in paths} == {"landing", "staging", "intermediate", *shown, *keys.LAYERS}


def test_every_entity_has_its_tables(paths: set[tuple[str, ...]]) -> None:
    for source in SOURCES:
        for entity in source.entities:
            table = source.table(entity.name)
            expected = {(layer, table) for layer in ("landing", "bronze", "silver", "quarantine")}
            expected |= {("silver", source.table(c.name)) for c in entity.children}
            assert expected <= paths


def test_all_marts_and_identity_tables_are_in_the_graph(paths: set[tuple[str, ...]]) -> None:
    assert {(keys.GOLD, mart) for mart in MARTS} <= paths
    assert {key for key in identity.TABLES if key.layer == keys.SILVER} <= paths


def test_exposures_end_the_graph(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    exposures = [k for k in graph.get_all_asset_keys() if k.path[0] == "exposure"]
    assert exposures
    for key in exposures:
        assert {p.path[0] for p in graph.get(key).parent_keys} == {keys.GOLD}


def test_customer_360_descends_from_every_landing_folder_but_none_is_unused(
    definitions: dg.Definitions,
) -> None:
    graph = definitions.resolve_asset_graph()
    upstream = dg.AssetSelection.assets(["gold", "customer_360"]).upstream().resolve(graph)
    reached = {k.path[1] for k in upstream if k.path[0] == "bronze"}
    everything = {s.table(e.name) for s in SOURCES for e in s.entities}
    # Stores and campaigns describe facts, not customers; they end in their own marts.
    assert everything - reached <= {"catalog__stores", "marketing__campaigns"}


def test_every_executable_asset_has_a_description_an_owner_and_a_kind(
    definitions: dg.Definitions,
) -> None:
    graph = definitions.resolve_asset_graph()
    for key in graph.executable_asset_keys:
        node = graph.get(key)
        assert node.description, key
        assert node.kinds, key
        if key.path[0] not in ("staging", "intermediate"):
            assert node.owners, key


def test_automation_is_registered(definitions: dg.Definitions) -> None:
    repository = definitions.get_repository_def()
    assert {"refresh_customer_360", "upkeep"} <= {j.name for j in repository.get_all_jobs()}
    assert {s.name for s in repository.schedule_defs} == {
        "nightly_refresh_customer_360",
        "weekly_upkeep",
    }
    assert {s.name for s in repository.sensor_defs} == {
        "new_landing_files",
        "tell_about_failed_runs",
        "fail_dead_runs",
    }


@pytest.mark.parametrize(
    ("env", "status"), [("local", "STOPPED"), ("server", "RUNNING"), ("azure", "RUNNING")]
)
def test_schedules_start_by_themselves_but_on_a_laptop(env: str, status: str) -> None:
    schedules = build_schedules(Settings(env=env), SOURCES)
    assert {s.name: s.default_status.value for s in schedules} == {
        "nightly_refresh_customer_360": status,
        "weekly_upkeep": status,
    }


def test_checks_that_block_are_accounting_ledger_types_and_dbt_errors(
    definitions: dg.Definitions,
) -> None:
    graph = definitions.resolve_asset_graph()
    blocking = {k for k in graph.asset_check_keys if graph.get_check_spec(k).blocking}
    accounting = {k for k in blocking if k.name == "every_record_has_one_status"}
    assert len(accounting) == sum(len(s.entities) for s in SOURCES)
    closing = {tuple(k.asset_key.path) for k in blocking if k.name == "every_hop_closes"}
    assert closing == {keys.LEDGER, keys.RECONCILIATION}
    # It fails the run that would mark the refresh as complete.
    assert [tuple(k.asset_key.path) for k in blocking if k.name == TYPES_CHECK] == [keys.REFRESHES]
    assert {k.asset_key.path[0] for k in blocking} == {"silver", "gold", "ops"}


def test_identity_waits_for_the_ledger_and_the_refresh_for_the_reconciliation(
    definitions: dg.Definitions,
) -> None:
    graph = definitions.resolve_asset_graph()
    for after, before in (
        (identity.CUSTOMER_IDENTIFIERS, keys.LEDGER),
        (keys.REFRESHES, keys.RECONCILIATION),
    ):
        assert dg.AssetKey(list(before)) in graph.get(dg.AssetKey(list(after))).parent_keys


def test_a_selection_takes_along_what_one_step_makes_together(definitions: dg.Definitions) -> None:
    paths = {tuple(k.path) for k in selected(definitions, '+key:"gold/fct_orders"')}
    # Silver and quarantine of an entity are one step; landing is not made by a run.
    assert {("silver", "pos__receipts"), ("quarantine", "pos__receipts")} <= paths
    assert ("landing", "pos__receipts") not in paths
    assert (keys.GOLD, "customer_360") not in paths
    # Nor does a run train a model by the way.
    assert identity.CUSTOMER_MATCHES in paths
    assert identity.MATCH_MODELS not in paths


@pytest.mark.parametrize("select", ['key:"gold/nothing"', 'key:"gold', 'key:"landing/web__events"'])
def test_a_selection_of_nothing_is_refused(definitions: dg.Definitions, select: str) -> None:
    with pytest.raises(RunFailedError, match="--select"):
        selected(definitions, select)


def _edges(definitions: dg.Definitions) -> dict[str, frozenset[str]]:
    """Each asset's key with the keys of its parents."""
    graph = definitions.resolve_asset_graph()
    return {
        key.to_user_string(): frozenset(p.to_user_string() for p in graph.get(key).parent_keys)
        for key in graph.get_all_asset_keys()
    }


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_keys_and_edges_are_the_same_in_every_environment(
    definitions: dg.Definitions, name: str
) -> None:
    expected = _edges(definitions)
    assert len(expected) > 100
    # Each dbt target has a manifest of its own.
    ensure_manifest(ENVIRONMENTS[name])
    assert _edges(build_definitions(ENVIRONMENTS[name])) == expected


def test_where_a_data_factory_copies_landing_is_executable_and_no_part_of_a_refresh() -> None:
    copied = build_definitions(ENVIRONMENTS["data factory"])
    graph = copied.resolve_asset_graph()
    landing = {k for k in graph.get_all_asset_keys() if k.path[0] == "landing"}
    assert landing <= graph.executable_asset_keys
    refresh = copied.resolve_job_def("refresh_customer_360").asset_layer
    assert not landing & set(refresh.executable_asset_keys)
    assert (
        set(copied.resolve_job_def("copy_to_landing").asset_layer.executable_asset_keys) == landing
    )
    names = {s.name for s in copied.get_repository_def().sensor_defs}
    assert "data_factory_runs" in names
    checks = [k for k in graph.asset_check_keys if k.name == "copied_rows_are_in_bronze"]
    assert len(checks) == len(landing)


def test_one_run_uses_the_lake_at_a_time_and_copies_go_on_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    definitions = build_definitions(ENVIRONMENTS["data factory"])
    jobs = [definitions.resolve_job_def(name) for name in (REFRESH_JOB, UPKEEP_JOB, INGEST_JOB)]
    pools = {node.name: node.definition.pools for job in jobs for node in job.graph.nodes}
    copies = {f"copy_{source.name}" for source in SOURCES}
    assert copies <= set(pools)
    for name, found in pools.items():
        assert found == ({name} if name in copies else {"lake"}), name
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with open_instance() as instance:
        config = instance.get_concurrency_config()
    assert config.run_queue_config is not None
    assert config.run_queue_config.max_concurrent_runs == -1
    # The queue holds back a run while another one has a pool of it, whatever the step.
    assert config.pool_config.pool_granularity is PoolGranularity.RUN
    assert config.pool_config.default_pool_limit == 1


def test_definitions_load_without_the_azure_client() -> None:
    code = (
        "import sys, json\n"
        "from customer360.build import build_definitions\n"
        "from customer360.settings import Settings\n"
        "names = dict(azure_subscription='s', azure_resource_group='g', data_factory='f')\n"
        "d = build_definitions(Settings(lake='/nowhere', ingestion='data_factory', **names))\n"
        "d.get_repository_def()\n"
        "sys.exit(','.join(m for m in sys.modules if m.split('.')[0] == 'azure') or 0)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
