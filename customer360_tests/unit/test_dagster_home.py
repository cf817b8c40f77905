"""Dagster's home: the project's configuration, on SQLite files or on a PostgreSQL database."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from customer360.commands.instance import prepare_dagster_home
from customer360.errors import SettingsError
from customer360.settings import PROJECT_ROOT, load_settings

URL = "postgresql://dag%40ster@db.internal:5433/history"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    for name in ("C360_DAGSTER_DATABASE", "C360_DAGSTER_DATABASE_PASSWORD", "C360_FILLED_IN"):
        # What the code puts there is taken away again after the test.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return tmp_path / "home"


def _config(home: Path) -> dict[str, object]:
    return dict(yaml.safe_load((home / "dagster.yaml").read_text()))


def test_without_a_database_the_home_links_to_the_project_s_configuration(home: Path) -> None:
    assert prepare_dagster_home() == home
    assert (home / "dagster.yaml").resolve() == PROJECT_ROOT / "dagster.yaml"


def test_a_database_takes_the_place_of_the_files_and_everything_else_stays(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    prepare_dagster_home()
    (tmp_path / "password").write_text("hunter2\n")
    monkeypatch.setenv("C360_DAGSTER_DATABASE", URL)
    monkeypatch.setenv("C360_DAGSTER_DATABASE_PASSWORD_FILE", str(tmp_path / "password"))
    prepare_dagster_home()
    assert "hunter2" not in (home / "dagster.yaml").read_text()
    written = _config(home)
    assert written.pop("storage") == {
        "postgres": {
            "postgres_db": {
                "scheme": "postgresql+psycopg2",
                "hostname": "db.internal",
                "port": 5433,
                "db_name": "history",
                "username": "dag@ster",
                "password": {"env": "C360_DAGSTER_DATABASE_PASSWORD"},
            }
        }
    }
    ours = yaml.safe_load((PROJECT_ROOT / "dagster.yaml").read_text())
    assert written == {name: ours[name] for name in ours if name != "event_log_storage"}

    monkeypatch.delenv("C360_DAGSTER_DATABASE")
    prepare_dagster_home()
    assert (home / "dagster.yaml").resolve() == PROJECT_ROOT / "dagster.yaml"


def test_a_configuration_of_one_s_own_stays_as_it_is(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    monkeypatch.setenv("C360_DAGSTER_DATABASE", URL)
    prepare_dagster_home()
    assert _config(home) == {"telemetry": {"enabled": False}}


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://me:hunter2@db/history", "the password belongs into C360_DAGSTER_DATABASE_"),
        ("mysql://me@db/history", "expected a URL as postgresql://"),
        ("postgresql://db/history", "expected a URL as postgresql://"),
        ("postgresql://me@db", "expected a URL as postgresql://"),
        ("postgresql://me@db:70000/history", "expected a URL as postgresql://"),
    ],
)
def test_a_database_that_cannot_be_meant_is_refused_without_showing_it(
    url: str, reason: str
) -> None:
    with pytest.raises(SettingsError, match=r"C360_DAGSTER_DATABASE: found \(hidden\)") as error:
        load_settings({"C360_DAGSTER_DATABASE": url})
    assert reason in str(error.value)
    assert "hunter2" not in str(error.value)
