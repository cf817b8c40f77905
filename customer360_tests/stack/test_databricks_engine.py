"""The Databricks engine through a gateway that demands a token; and a cluster by its URL."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from customer360.errors import EngineError
from customer360.keys import silver
from customer360.resources.clusters import RunningCluster
from customer360.resources.databricks import DatabricksCompute
from customer360.resources.lake import Lake
from customer360.resources.servers import SparkServer
from customer360.resources.session import Engine
from customer360_tests import connect_gateway
from customer360_tests.certificates import Certificate, make_certificate
from customer360_tests.connect_gateway import Gateway
from customer360_tests.warehouse import service as warehouse_service

pytestmark = pytest.mark.stack

TOKEN, CLUSTER = "dapi0f6c1e-not-a-real-token", "1126-103000-standin1"
CATALOG = "spark_catalog"
COLUMNS = [("store_id", "string"), ("amount", "decimal(18,2)"), ("landed_on", "date")]
KEY = silver("pos__receipts")


@pytest.fixture(scope="module")
def server() -> Iterator[SparkServer]:
    """An Apache Spark Connect server: the cluster behind the gateway."""
    started = SparkServer()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The one lake that the cluster's catalog serves."""
    return Lake(str(tmp_path_factory.mktemp("databricks") / "lake"))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """One for the whole process: gRPC reads what it trusts once."""
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def gateway(
    server: SparkServer, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Gateway]:
    """The gateway, with the settings of Databricks' own tools that lead to it."""
    with (
        connect_gateway.serving(server.address, TOKEN, CLUSTER, certificate) as opened,
        warehouse_service.serving(f"sc://{server.address}", TOKEN, certificate) as (_, rest_port),
    ):
        workspace = {
            "DATABRICKS_HOST": f"https://localhost:{rest_port}",
            "DATABRICKS_TOKEN": TOKEN,
            "DATABRICKS_CLUSTER_ID": CLUSTER,
        }
        for name, value in (workspace | certificate.trusted_by).items():
            monkeypatch.setenv(name, value)
        yield opened


def _open(gateway: Gateway, lake: Lake) -> Engine:
    return Engine("databricks", lake, lambda: DatabricksCompute(CATALOG, gateway.url))


@pytest.fixture
def databricks(gateway: Gateway, lake: Lake) -> Iterator[Engine]:
    """The engine, open."""
    opened = _open(gateway, lake)
    yield opened
    gateway.drops_left, gateway.forgets_at = 0, None
    opened.close()


def _fill(engine: Engine, rows: int = 3) -> None:
    made = engine.session.range(rows).selectExpr(
        "cast(id as string) as store_id",
        "cast(id as decimal(18,2)) as amount",
        "date'2026-01-01' as landed_on",
    )
    engine.create(KEY, COLUMNS, partitioned=True)
    engine.replace_days(KEY, made, [date(2026, 1, 1)])


def test_engine_works_with_a_token_and_keeps_reader_version_1(
    databricks: Engine, gateway: Gateway, lake: Lake
) -> None:
    _fill(databricks)
    assert databricks.table(KEY).count() == lake.row_count(KEY) == 3
    assert databricks.session.catalog.currentCatalog() == CATALOG
    assert lake.delta(KEY).protocol().min_reader_version == 1
    configured = lake.delta(KEY).metadata().configuration
    assert configured["delta.enableDeletionVectors"] == "false"
    assert gateway.denied == 0 < len(gateway.calls)


@pytest.mark.parametrize("wrong", ["DATABRICKS_TOKEN", "DATABRICKS_CLUSTER_ID"])
def test_wrong_credentials_are_an_error_that_does_not_show_them(
    gateway: Gateway, lake: Lake, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setenv(wrong, "dapi-a-wrong-one")
    with pytest.raises(EngineError, match="Databricks at localhost cannot be used") as error:
        _open(gateway, lake)
    assert "UNAUTHENTICATED" in str(error.value)
    assert gateway.denied > 0
    told = "".join(traceback.format_exception(error.value))
    assert TOKEN not in told
    assert wrong != "DATABRICKS_TOKEN" or "dapi-a-wrong-one" not in told


def test_a_dropped_connection_is_taken_up_again(databricks: Engine, gateway: Gateway) -> None:
    gateway.calls.clear()
    gateway.drops_left = 3
    found = databricks.session.range(0, 200_000, 1, 8).selectExpr("sum(id) as total").collect()
    assert found[0].total == 19_999_900_000
    assert gateway.drops_left == 0
    # Run once, and taken up again after each of the drops.
    assert gateway.calls.count("ExecutePlan") == 1
    assert gateway.calls.count("ReattachExecute") >= 3


def test_a_write_happens_once_when_its_connection_drops(
    databricks: Engine, gateway: Gateway, lake: Lake
) -> None:
    _fill(databricks)
    before = lake.delta(KEY).version()
    gateway.drops_left = 2
    _fill(databricks, rows=5)
    assert gateway.drops_left == 0
    assert (lake.row_count(KEY), lake.delta(KEY).version()) == (5, before + 1)


@pytest.mark.parametrize("plan", range(3))
def test_a_lost_session_is_opened_again_and_the_write_completed(
    databricks: Engine, gateway: Gateway, lake: Lake, plan: int, caplog: pytest.LogCaptureFixture
) -> None:
    _fill(databricks)
    first = databricks.session.session_id
    # 0: before the write's view is made, 1: between the view and the statement, 2: behind it.
    gateway.forgets_at = plan
    with caplog.at_level(logging.WARNING):
        _fill(databricks, rows=7)
    assert gateway.forgets_at is None
    assert databricks.table(KEY).count() == lake.row_count(KEY) == 7
    assert databricks.session.session_id != first
    assert "was lost; opening another" in caplog.text
    assert TOKEN not in caplog.text


def test_a_cluster_that_was_started_again_knows_the_tables_again(
    databricks: Engine, gateway: Gateway, lake: Lake
) -> None:
    _fill(databricks)
    rows = databricks.table(KEY)
    second = SparkServer()
    try:
        # Another process: no session, and an empty catalog.
        gateway.lead_to(second.address)
        assert rows.count() == 3
        known = databricks.session.catalog.listTables(KEY.layer)
        assert [table.name for table in known] == [KEY.table]
    finally:
        databricks.close()
        second.stop()
    assert lake.row_count(KEY) == 3


def test_a_rejected_statement_is_no_lost_session(databricks: Engine) -> None:
    from pyspark.errors import AnalysisException

    session = databricks.session.session_id
    with pytest.raises(AnalysisException, match="no_such_table"):
        databricks.session.sql("select * from no_such_table").collect()
    assert databricks.session.session_id == session


def test_serverless_compute_is_named_by_its_session(
    gateway: Gateway, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABRICKS_CLUSTER_ID")
    monkeypatch.setenv("DATABRICKS_SERVERLESS_COMPUTE_ID", "auto")
    gateway.cluster = None
    engine = _open(gateway, lake)
    assert engine.session.range(2).count() == 2
    engine.close()
    assert gateway.denied == 0


@pytest.mark.usefixtures("databricks")
def test_another_lake_is_refused_by_a_catalog_that_serves_one(
    gateway: Gateway, tmp_path: Path
) -> None:
    other = Lake(str(tmp_path / "other"))
    with pytest.raises(EngineError, match=r"belongs to another lake than .*other") as error:
        _open(gateway, other)
    assert "C360_CATALOG" in str(error.value)


def test_a_schema_of_somebody_else_is_not_taken_over(
    databricks: Engine, gateway: Gateway, lake: Lake
) -> None:
    databricks.session.sql("drop schema if exists staging cascade")
    databricks.session.sql("create schema staging")
    databricks.session.sql("create view staging.theirs as select 1 as one")
    with pytest.raises(EngineError, match="Schema staging holds tables that are not of"):
        _open(gateway, lake)
    databricks.session.sql("drop schema staging cascade")


def test_a_cluster_named_by_its_url_is_used_and_left_running(
    server: SparkServer, lake: Lake
) -> None:
    url = f"sc://{server.address}/;user_id=somebody"
    engine = Engine("spark", lake, lambda: RunningCluster(url))
    _fill(engine, rows=4)
    assert engine.url.startswith(f"{url};session_id=")
    assert engine.is_running
    engine.close()
    assert server.is_running
    again = Engine("spark", lake, lambda: RunningCluster(url))
    assert again.table(KEY).count() == 4
    again.close()
