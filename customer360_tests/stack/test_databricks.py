"""The whole graph on Databricks' two protocols: the engine behind a gateway, dbt on a warehouse.

Both stand in front of one Apache Spark server with Delta, as a workspace's compute shares one
catalog. What comes out is compared with the embedded engine's lake.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from customer360.fingerprint import differences, fingerprints
from customer360.keys import GOLD, gold
from customer360.resources.dbt import PROJECT_DIR
from customer360.resources.lake import Lake
from customer360.resources.servers import SparkServer
from customer360_tests import connect_gateway
from customer360_tests.certificates import make_certificate
from customer360_tests.stack.conftest import customer360, succeeded
from customer360_tests.warehouse import service
from customer360_tests.warehouse.service import Warehouse

pytestmark = pytest.mark.stack

TOKEN, CLUSTER = "dapi7be0-not-a-real-token-either", "1126-110000-standin2"


@dataclass
class Workspace:
    """A workspace that stands in for one of Databricks.

    Attributes:
        gateway: Of its cluster.
        warehouse: Its SQL warehouse.
        settings: Environment variables that lead to them.
        folder: Everything that is written on this side, but the lake.
    """

    gateway: connect_gateway.Gateway
    warehouse: Warehouse
    settings: dict[str, str]
    folder: Path


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The workspace."""
    folder = tmp_path_factory.mktemp("workspace")
    certificate = make_certificate(tmp_path_factory.mktemp("certificate"))
    server = SparkServer()
    url = f"sc://{server.address}/"
    try:
        with (
            connect_gateway.serving(server.address, TOKEN, CLUSTER, certificate) as gateway,
            service.serving(url, TOKEN, certificate) as (warehouse, port),
        ):
            settings = certificate.trusted_by | {
                "C360_ENGINE": "databricks",
                "C360_ENGINE_URL": gateway.url,
                "C360_DBT_TARGET": "databricks",
                "C360_CATALOG": "spark_catalog",
                "C360_GOLD_READERS": "analysts,marketing",
                "DATABRICKS_HOST": f"localhost:{port}",
                "DATABRICKS_TOKEN": TOKEN,
                "DATABRICKS_CLUSTER_ID": CLUSTER,
                "DATABRICKS_HTTP_PATH": service.HTTP_PATH,
                "DATABRICKS_SQL_URL": f"https://localhost:{port}{service.HTTP_PATH}",
                "DBT_LOG_PATH": str(folder / "dbt-logs"),
            }
            yield Workspace(gateway, warehouse, settings, folder)
    finally:
        server.stop()


@pytest.fixture(scope="module")
def lake(workspace: Workspace, loaded: Callable[[str, Mapping[str, str]], Lake]) -> Lake:
    """The world on Databricks' protocols, in two runs."""
    return loaded("databricks", workspace.settings)


def test_databricks_makes_the_same_tables_as_the_embedded_engine(
    lake: Lake, sail_lake: Lake
) -> None:
    assert differences(fingerprints(sail_lake), fingerprints(lake)) == []
    assert fingerprints(lake, GOLD)[gold("customer_360")].rows > 0


def test_both_protocols_were_used(lake: Lake, workspace: Workspace) -> None:
    assert lake.exists(gold("customer_360"))
    assert {"ExecutePlan", "AnalyzePlan"} <= set(workspace.gateway.calls)
    assert workspace.gateway.denied == 0
    made = [s for s in workspace.warehouse.statements if "create or replace table" in s]
    assert any("`gold`.`customer_360`" in statement for statement in made)
    assert workspace.warehouse.errors == []


def test_snapshots_of_the_second_run_went_on_from_the_first(
    lake: Lake, workspace: Workspace
) -> None:
    statements = "\n".join(workspace.warehouse.statements)
    assert "merge into `spark_catalog`.`gold`.`products_snapshot`" in statements
    rows = lake.arrow(gold("products_snapshot"), ["dbt_valid_from", "dbt_valid_to"]).to_pylist()
    assert len({row["dbt_valid_from"] for row in rows}) == 2


def test_the_catalog_is_told_of_personal_data_keys_and_readers(
    lake: Lake, workspace: Workspace
) -> None:
    facts = workspace.warehouse.facts
    gold_tables = {key.sql for key in lake.tables() if key.layer == GOLD}
    marts = {table for table in gold_tables if not table.endswith("_snapshot")}
    assert set(facts.tags) == set(facts.primary_keys) == set(facts.grants) == marts
    assert facts.tags["gold.dim_customers"] == {"layer": "gold", "pii": "true"}
    assert facts.tags["gold.dim_dates"] == {"layer": "gold", "pii": "false"}
    assert facts.column_tags["gold.dim_customers"]["email.pii"] == "true"
    assert "customer_id.pii" not in facts.column_tags["gold.dim_customers"]
    assert facts.primary_keys["gold.fct_orders"] == {"fct_orders_key": "order_key"}
    assert facts.grants["gold.customer_360"] == {"analysts": "SELECT", "marketing": "SELECT"}


def test_gold_keeps_delta_reader_version_1(lake: Lake) -> None:
    versions = {
        key.sql: lake.delta(key).protocol().min_reader_version
        for key in lake.tables()
        if key.layer == GOLD
    }
    assert set(versions.values()) == {1}, versions


def test_a_catalog_that_has_forgotten_gold_does_not_begin_its_history_anew(
    lake: Lake, workspace: Workspace
) -> None:
    before = lake.row_count(gold("products_snapshot"))
    version = lake.delta(gold("products_snapshot")).version()
    workspace.warehouse.execute("drop table spark_catalog.gold.products_snapshot")
    home = workspace.folder / "home"
    succeeded(customer360(Path(lake.url), home, workspace.settings, "dbt", "snapshot"))
    assert lake.row_count(gold("products_snapshot")) == before
    assert lake.delta(gold("products_snapshot")).version() >= version


def test_docs_describe_every_table_of_gold(lake: Lake, workspace: Workspace) -> None:
    target = workspace.folder / "target"
    settings = workspace.settings | {"DBT_TARGET_PATH": str(target)}
    home = workspace.folder / "home"
    succeeded(customer360(Path(lake.url), home, settings, "dbt", "docs", "generate"))
    catalog = json.loads((target / "catalog.json").read_text())
    assert catalog["errors"] is None
    described = {
        node["metadata"]["name"]: node["columns"]
        for node in catalog["nodes"].values()
        if node["metadata"]["schema"] == GOLD
    }
    assert set(described) == {key.table for key in lake.tables() if key.layer == GOLD}
    assert described["fct_orders"]["order_key"]["type"] == "string"


@pytest.mark.usefixtures("lake")
def test_another_lake_is_refused_by_the_warehouse(
    workspace: Workspace, tmp_path: Path, sail_lake: Lake
) -> None:
    # Engine and warehouse refuse each for itself: this is dbt alone.
    refused = customer360(
        Path(sail_lake.url), tmp_path, workspace.settings, "dbt", "run", "-s", "dim_stores"
    )
    assert refused.returncode != 0
    told = refused.stdout + refused.stderr
    assert f"belongs to another lake than {sail_lake.url}" in " ".join(told.split())


def test_the_token_is_in_nothing_that_was_written(
    lake: Lake, workspace: Workspace, tmp_path: Path
) -> None:
    wrong = workspace.settings | {"DATABRICKS_TOKEN": "dapi-somebody-elses"}
    said = [
        customer360(Path(lake.url), tmp_path / "home", wrong, *command.split())
        for command in ("run --from 2026-01-15 --to 2026-01-15", "dbt run -s dim_stores")
    ]
    assert all(result.returncode != 0 for result in said)
    told = [text.encode() for result in said for text in (result.stdout, result.stderr)]
    roots = [
        Path(lake.url).parent,  # the lake, and the Dagster home of its runs
        workspace.folder,
        tmp_path,
        PROJECT_DIR / "target",  # dbt's, where a run keeps what failed
    ]
    files = [path for root in roots for path in root.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in files)
    for secret in (TOKEN, "dapi-somebody-elses"):
        assert not any(secret.encode() in text for text in told)
        assert [path for path in files if secret.encode() in path.read_bytes()] == []
