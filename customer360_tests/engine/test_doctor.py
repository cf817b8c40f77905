"""`customer360 doctor`: what is wrong is said with what to do, and keeps nothing else untried."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from customer360 import storage
from customer360.cli import main
from customer360.commands import doctor_checks
from customer360.commands.doctor import FAIL, OK, WARN, Finding, examine
from customer360.resources.lake import Lake
from customer360.settings import Settings
from customer360_tests.builders import land, record
from customer360_tests.data_factory.setting import data_factory


def found(settings: Settings, subject: str) -> Finding:
    (finding,) = examine(settings, {subject: doctor_checks.CHECKS[subject]})
    return finding


@pytest.mark.usefixtures("settings")
def test_doctor_finds_a_laptop_well(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    land(lake, "pos__receipts", [record("pos__receipts")])
    monkeypatch.setenv("C360_LAKE", lake.url)
    result = CliRunner().invoke(main, ["doctor", "--json"])
    assert result.exit_code == 0, result.output
    states = {f["subject"]: f["state"] for f in json.loads(result.output)}
    # Nobody runs a daemon for this instance.
    assert states == dict.fromkeys(doctor_checks.CHECKS, OK) | {"dagster": WARN}
    assert not list(Path(lake.url, "_scratch").glob("*"))


def test_doctor_reports_all_problems_of_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("C360_ENGIN", "sail")
    monkeypatch.setenv("C360_DBT_TARGET", "snowflake")
    result = CliRunner().invoke(main, ["doctor"])
    assert result.exit_code == 1
    assert "C360_ENGIN: no such setting; did you mean C360_ENGINE?" in result.output
    assert "C360_DBT_TARGET: found 'snowflake'" in result.output


def test_storage_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    finding = found(Settings(lake=f"{tmp_path}/file/lake"), "storage")
    assert (finding.state, f"{tmp_path}/file/lake cannot be written" in finding.said) == (
        FAIL,
        True,
    )
    assert "point C360_LAKE elsewhere" in finding.said


@pytest.mark.parametrize(
    ("url", "variables", "said"),
    [
        (
            "abfss://lake@shop.dfs.core.windows.net/one",
            {
                "AZURE_STORAGE_ENDPOINT": "http://127.0.0.1:9/shop",
                "AZURE_STORAGE_ACCOUNT_KEY": "aHVudGVyMg==",
            },
            "Container 'lake' of storage account 'shop' cannot be reached at http://127.0.0.1:9",
        ),
        (
            "abfss://lake@shop.dfs.core.windows.net/one",
            {"AZURE_STORAGE_SAS_TOKEN": "se=2026-01-01T00:00:00Z&sig=aHVudGVyMg=="},
            "The SAS token of lake@shop expired 2026-01-01 00:00 UTC",
        ),
        ("abfss://lake/one", {}, "is no lake: expected abfss://<container>@<account>"),
    ],
)
def test_storage_of_azure_that_cannot_be_used_is_named(
    url: str, variables: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    storage._try.cache_clear()
    finding = found(Settings(lake=url), "storage")
    assert finding.state == FAIL
    assert said in finding.said
    assert "aHVudGVyMg" not in repr(finding)


def test_storage_with_little_space_is_doubted(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_checks, "_FREE_BYTES", 2**60)
    finding = found(settings, "storage")
    assert (finding.state, "a run may need more" in finding.said) == (WARN, True)


def test_clock_that_is_off_is_doubted(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_checks, "_SKEW_SECONDS", -1)
    finding = found(settings, "clock")
    assert (finding.state, "off the storage's" in finding.said) == (WARN, True)


def test_landing_that_is_missing_or_misspelt_is_doubted(settings: Settings, lake: Lake) -> None:
    assert found(settings, "landing").said.startswith(f"{lake.landing} does not exist yet")
    Path(lake.landing, "poss", "receipts").mkdir(parents=True)
    finding = found(settings, "landing")
    assert (finding.state, finding.said.split(";")[0]) == (WARN, "No source reads poss")


def test_engine_without_java_is_named(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    finding = found(Settings(lake=lake.url, engine="spark"), "engine")
    assert finding.state == FAIL
    assert "needs Java; no java on the PATH. Install a JDK 17 or newer" in finding.said


def test_versions_other_than_locked_are_doubted(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_checks.metadata, "version", lambda _: "0.1")
    finding = found(settings, "versions")
    assert finding.state == WARN
    assert "pysail 0.1 (locked " in finding.said
    assert "`make setup`" in finding.said


def test_dbt_that_is_not_installed_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    finding = found(settings, "dbt")
    said = f"dbt not found at {tmp_path}/customer360-dbt" in finding.said
    assert (finding.state, said) == (FAIL, True)


def test_ingestion_by_a_factory_that_is_not_there_is_named(lake: Lake, tmp_path: Path) -> None:
    with data_factory(lake, tmp_path) as setting:
        finding = found(setting.settings, "ingestion")
        assert (finding.state, "answers; 0 runs" in finding.said) == (OK, True)
        finding = found(replace(setting.settings, data_factory="other"), "ingestion")
    assert finding.state == FAIL
    assert "Runs of Data Factory other cannot be listed: HTTP 404" in finding.said
    assert "check C360_AZURE_SUBSCRIPTION" in finding.said


@pytest.mark.parametrize("wrong", ["home", "yaml"])
def test_dagster_whose_home_cannot_be_used_is_named(
    wrong: str, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    if wrong == "home":
        home.write_text("")
    else:
        home.mkdir()
        (home / "dagster.yaml").write_text("run_monitoring: often\n")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    finding = found(settings, "dagster")
    assert finding.state == FAIL
    assert f"DAGSTER_HOME is {home}" in finding.said


def test_what_nobody_foresaw_is_a_finding_without_its_words(settings: Settings) -> None:
    def broken(_: Settings) -> str:
        raise RuntimeError("https://host/?sig=hunter2")

    first, second = examine(settings, {"a": broken, "b": lambda _: "well"})
    assert (first.state, second.state) == (FAIL, OK)
    assert "RuntimeError" in first.said
    assert "hunter2" not in repr(first)
