"""Settings: parsed once, every problem reported together, secrets never shown."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from customer360.errors import SettingsError
from customer360.settings import (
    ENVIRONMENTS,
    OTHER_VARIABLES,
    PROJECT_ROOT,
    load_settings,
    setting_names,
    variable_name,
)


def test_settings_default_to_a_local_lake_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings({})
    assert settings.lake == str(tmp_path / "lake")
    assert (settings.env, settings.engine, settings.dbt_target) == ("local", "sail", "local")
    assert settings.first_day == date(2015, 1, 1)


def test_settings_report_every_problem_together() -> None:
    with pytest.raises(SettingsError) as error:
        load_settings(
            {
                "C360_ENGINE": "flink",
                "C360_CURRENCY": "euro",
                "C360_FIRST_DAY": "soon",
                "C360_ENGIN": "x",
            }
        )
    message = str(error.value)
    assert "C360_ENGINE: found 'flink', expected one of sail, spark" in message
    assert "C360_CURRENCY: found 'euro', expected a code of 3 capital letters" in message
    assert "C360_FIRST_DAY: found 'soon', expected a day as YYYY-MM-DD" in message
    assert "C360_ENGIN: no such setting; did you mean C360_ENGINE?" in message


@pytest.mark.parametrize("days", ["6", "0", "a week", "7.5"])
def test_settings_refuse_a_retention_below_what_time_travel_needs(days: str) -> None:
    with pytest.raises(SettingsError, match=f"C360_RETENTION_DAYS: found '{days}', expected"):
        load_settings({"C360_RETENTION_DAYS": days})
    assert load_settings({"C360_RETENTION_DAYS": "7"}).retention_days == 7
    assert load_settings({}).retention_days == 30


def test_settings_refuse_an_unknown_environment() -> None:
    with pytest.raises(
        SettingsError, match="C360_ENV: found 'prod', expected one of local, server"
    ):
        load_settings({"C360_ENV": "prod"})


def test_settings_refuse_spark_on_abfss_with_the_reason() -> None:
    with pytest.raises(SettingsError, match="no Azure file system"):
        load_settings(
            {"C360_ENGINE": "spark", "C360_LAKE": "abfss://lake@acc.dfs.core.windows.net/"}
        )


def test_settings_accept_spark_on_abfss_where_the_cluster_is_somebody_elses() -> None:
    url = "sc://spark.internal:15002/;use_ssl=true"
    settings = load_settings(
        {
            "C360_ENGINE": "spark",
            "C360_ENGINE_URL": f"{url};",
            "C360_LAKE": "abfss://lake@acc.dfs.core.windows.net/",
        }
    )
    assert settings.engine_url == url


@pytest.mark.parametrize(
    "url",
    [
        "https://host:15002",
        "sc:///token=x",
        "sc://host/path",
        "sc://host:15002/;session_id=0e8f1b6e-2f3c-4a55-9a53-1f8b5c1f9d11",
        "sc://host:70000",
        "sc://host;token=hunter2",
    ],
)
def test_settings_refuse_an_engine_url_without_showing_it(url: str) -> None:
    with pytest.raises(
        SettingsError, match=r"C360_ENGINE_URL: found \(hidden\), expected"
    ) as error:
        load_settings({"C360_ENGINE": "spark", "C360_ENGINE_URL": url})
    assert url not in str(error.value)


@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        (
            {"C360_ENGINE_URL": "sc://host"},
            "C360_ENGINE_URL with C360_ENGINE=sail: only a running Apache Spark cluster",
        ),
        (
            {"C360_ENV": "azure", "C360_ENGINE_URL": "sc://host:443/;token=hunter2"},
            "C360_ENGINE_URL with C360_ENGINE=databricks: expected an address alone",
        ),
        (
            {"C360_ENGINE": "databricks", "C360_DBT_TARGET": "local"},
            "C360_ENGINE=databricks with C360_DBT_TARGET=local",
        ),
        (
            {"C360_DBT_TARGET": "databricks", "C360_LAKE": "/data/lake"},
            "C360_LAKE=/data/lake with Databricks: a workspace cannot see a folder",
        ),
        ({"C360_ENV": "azure"}, "C360_LAKE: found '', expected an abfss:// URL"),
        ({"C360_CATALOG": "my-catalog"}, "C360_CATALOG: found 'my-catalog', expected a name of"),
    ],
)
def test_settings_refuse_what_cannot_work_with_the_reason(
    environ: dict[str, str], reason: str
) -> None:
    with pytest.raises(SettingsError) as error:
        load_settings(environ)
    assert reason in str(error.value)
    assert "hunter2" not in str(error.value)


def test_a_workspace_on_this_machine_sees_its_folders() -> None:
    environ = {"C360_ENV": "azure", "C360_LAKE": "/data/lake", "DATABRICKS_HOST": "localhost:8443"}
    assert load_settings(environ).lake == "/data/lake"


def test_settings_hide_the_webhook_in_errors_and_repr() -> None:
    with pytest.raises(SettingsError) as error:
        load_settings({"C360_ALERT_WEBHOOK": "ftp://user:hunter2@host"})
    assert "hunter2" not in str(error.value)
    settings = load_settings({"C360_ALERT_WEBHOOK": "https://host/hunter2"})
    assert "hunter2" not in repr(settings)


def test_settings_name_all_that_a_data_factory_needs() -> None:
    with pytest.raises(SettingsError) as error:
        load_settings(
            {
                "C360_INGESTION": "data_factory",
                "C360_AZURE_RESOURCE_GROUP": "a/b",
                "C360_ENGINE": "x",
            }
        )
    message = str(error.value)
    assert "C360_AZURE_SUBSCRIPTION: nothing found, needed by" in message
    assert "C360_DATA_FACTORY: nothing found, needed by" in message
    assert "C360_AZURE_RESOURCE_GROUP: found 'a/b', expected a name" in message
    assert "C360_ENGINE: found 'x'" in message
    with pytest.raises(SettingsError, match="expected one of none, data_factory"):
        load_settings({"C360_INGESTION": "airbyte"})


@pytest.mark.parametrize(
    "address", ["http://factory.example.com", "ftp://127.0.0.1", "https://me:hunter2@host"]
)
def test_settings_refuse_an_address_that_would_show_a_token(address: str) -> None:
    with pytest.raises(SettingsError, match="C360_DATA_FACTORY_ENDPOINT: found") as error:
        load_settings({"C360_DATA_FACTORY_ENDPOINT": address})
    assert "hunter2" not in str(error.value)
    accepted = load_settings({"C360_DATA_FACTORY_ENDPOINT": "http://127.0.0.1:8000/"})
    assert accepted.data_factory_endpoint == "http://127.0.0.1:8000"


def test_every_environment_fills_the_same_cells() -> None:
    cells = {name: set(row) for name, row in ENVIRONMENTS.items()}
    assert len(set(map(frozenset, cells.values()))) == 1, cells


def test_env_example_lists_exactly_the_settings() -> None:
    text = (PROJECT_ROOT / ".env.example").read_text()
    listed = set(re.findall(r"^(C360_\w+)=", text, flags=re.MULTILINE))
    expected = {variable_name(name) for name in setting_names()}
    assert listed - set(OTHER_VARIABLES) == expected
