"""The Dagster instance: one home for the command line, `make dev` and the services of a server.

Its configuration is the project's dagster.yaml: linked into the home where Dagster's history is in
SQLite files beside it, and written there with the storage exchanged where `C360_DAGSTER_DATABASE`
names a PostgreSQL database, as several machines or containers need it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from customer360 import credentials
from customer360.settings import EVENT_BATCH_SIZE, PROJECT_ROOT, load_settings

if TYPE_CHECKING:
    import dagster as dg

_WRITTEN = "# Written by customer360 from dagster.yaml and C360_DAGSTER_DATABASE.\n"
_POSTGRESQL_PORT = 5432


def prepare_dagster_home() -> Path:
    """Make sure DAGSTER_HOME names a folder that holds the project's dagster.yaml.

    Returns:
        The folder: what DAGSTER_HOME says, else `.dagster` in the checkout.

    Raises:
        SettingsError: The settings cannot be used, or the database's password cannot be read.
    """
    home = Path(os.environ.get("DAGSTER_HOME") or PROJECT_ROOT / ".dagster").resolve()
    home.mkdir(parents=True, exist_ok=True)
    database = load_settings().dagster_database
    config = home / "dagster.yaml"
    ours = config.is_file() and config.read_text().startswith(_WRITTEN)
    if database is not None and (ours or config.is_symlink() or not config.exists()):
        _replace(config, _WRITTEN + _on_postgresql(database))
    elif database is None and (ours or not (config.exists() or config.is_symlink())):
        config.unlink(missing_ok=True)
        config.symlink_to(PROJECT_ROOT / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ.setdefault(EVENT_BATCH_SIZE, "1000")
    return home


def _on_postgresql(database: str) -> str:
    """The project's dagster.yaml with its history in a PostgreSQL database."""
    import yaml

    url = urlsplit(database)
    named: dict[str, Any] = {
        # SQLAlchemy 2.1 takes psycopg 3 for `postgresql`, where the library's NOTIFY is an error.
        "scheme": "postgresql+psycopg2",
        "hostname": url.hostname,
        "port": url.port or _POSTGRESQL_PORT,
        "db_name": url.path.removeprefix("/"),
        "username": unquote(url.username or ""),
    }
    if credentials.secret(credentials.DATABASE_PASSWORD):
        # Dagster reads the variable; the file holds its name only.
        named["password"] = {"env": credentials.DATABASE_PASSWORD}
    config = yaml.safe_load((PROJECT_ROOT / "dagster.yaml").read_text())
    # That one is SQLite's.
    del config["event_log_storage"]
    config["storage"] = {"postgres": {"postgres_db": named}}
    return yaml.safe_dump(config, sort_keys=False)


def _replace(config: Path, text: str) -> None:
    """Write a file that other processes may be reading."""
    if not config.is_symlink() and config.exists() and config.read_text() == text:
        return
    aside = config.with_name(f"{config.name}.{os.getpid()}")
    aside.write_text(text)
    aside.replace(config)


def open_instance() -> dg.DagsterInstance:
    """The instance in DAGSTER_HOME; to be used in a `with` block."""
    import dagster as dg

    prepare_dagster_home()
    return dg.DagsterInstance.get()
