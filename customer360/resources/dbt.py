"""The `dbt` resource: one dbt project, run as a subprocess against the engine's session.

Which environment variables dbt needs is decided here alone (`dbt_environment`), for Dagster and for
the command line alike.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from dagster import RetryRequested
from dagster_dbt import DbtCliResource, DbtProject
from dagster_dbt.errors import DagsterDbtCliRuntimeError
from packaging import version

from customer360 import credentials, keys
from customer360.errors import EngineError, MissingPrerequisiteError
from customer360.resources.lake import Lake
from customer360.resources.loads import as_of_date
from customer360.resources.session import Engine
from customer360.settings import PROJECT_ROOT, Settings

PROJECT_DIR: Final = PROJECT_ROOT / "customer360_dbt"
_WATCH_SECONDS: Final = 1.0
# Apache Spark over Connect has another catalog, and says so for every thread of dbt.
_NO_HIVE: Final = "ignore:Failed to set spark.sql.catalogImplementation:UserWarning"
# What gRPC says of an answer that is none of the protocol's messages.
_GARBLED: Final = "Exception deserializing response!"
# What makes tables, and what else is parsed.
_TABLE_PARTS: Final = ("models", "macros", "snapshots", "dbt_project.yml")
_PARTS: Final = (*_TABLE_PARTS, "tests", "profiles.yml")


class DbtResource(DbtCliResource):
    """dagster-dbt's resource without what costs a run seconds and is of no use to it.

    That is the subprocess `dbt --version`, and an adapter in this process, with which dagster-dbt
    would ask for columns and row counts beside dbt itself.
    """

    @cached_property
    def _cli_version(self) -> version.Version:
        from importlib.metadata import version as installed

        return version.parse(installed("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:  # noqa: ARG002 - theirs
        return None


def dbt_project(settings: Settings) -> DbtProject:
    """The dbt project with the target's own folder for the manifest and other artifacts."""
    return DbtProject(
        project_dir=PROJECT_DIR,
        target=settings.dbt_target,
        target_path=target_path(settings),
    )


def target_path(settings: Settings) -> Path:
    """Folder of the target's artifacts: one each, as another target would re-parse everything."""
    return PROJECT_DIR / "target" / settings.dbt_target


def build_dbt(settings: Settings) -> DbtResource:
    """The `dbt` resource."""
    # The library's constructor takes a whole project, which the subclass's inferred one hides.
    project: Any = dbt_project(settings)
    return DbtResource(project_dir=project, dbt_executable=dbt_executable())


def dbt_executable() -> str:
    """The dbt of this Python environment, as `customer360.commands.dbt_process` starts it."""
    found = Path(sys.executable).parent / "customer360-dbt"
    if not found.exists():
        raise MissingPrerequisiteError(
            f"dbt not found at {found}; install this project with its requirements (`make setup`)."
        )
    return str(found)


def is_manifest_fresh(settings: Settings) -> bool:
    """Whether the manifest is there and newer than every file of the dbt project."""
    manifest = target_path(settings) / "manifest.json"
    if not manifest.exists():
        return False
    made = manifest.stat().st_mtime
    return all(path.stat().st_mtime <= made for path in _files(_PARTS))


def _files(parts: tuple[str, ...]) -> Iterator[Path]:
    for part in parts:
        root = PROJECT_DIR / part
        yield from (p for p in root.rglob("*") if p.is_file()) if root.is_dir() else iter((root,))


def project_fingerprint() -> str:
    """Changes with every file of the project that could make a table come out otherwise."""
    digest = hashlib.sha256()
    for path in sorted(_files(_TABLE_PARTS)):
        digest.update(f"{path.relative_to(PROJECT_DIR)}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def ensure_manifest(settings: Settings) -> None:
    """Parse the dbt project unless its manifest is fresh.

    Done before definitions load, not while: parsing takes seconds, and every run process loads
    them.

    Raises:
        MissingPrerequisiteError: dbt cannot parse the project; the message carries its output.
    """
    if is_manifest_fresh(settings):
        return
    command = [
        dbt_executable(), "--quiet", "parse", "--target", settings.dbt_target,
        "--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR),
        "--target-path", str(target_path(settings)),
    ]  # fmt: skip
    parsed = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if parsed.returncode != 0:
        raise MissingPrerequisiteError(
            f"dbt cannot parse {PROJECT_DIR}:\n{parsed.stdout}{parsed.stderr}"
        )


def read_manifest(settings: Settings) -> dict[str, Any]:
    """The manifest of the dbt project as it is now.

    Raises:
        MissingPrerequisiteError: dbt cannot parse the project.
    """
    ensure_manifest(settings)
    manifest: dict[str, Any] = json.loads((target_path(settings) / "manifest.json").read_text())
    return manifest


def uses_engine(settings: Settings) -> bool:
    """Whether dbt works on the engine's session; on a warehouse it needs no engine."""
    return settings.dbt_target == "local"


def dbt_environment(settings: Settings, lake: Lake, engine: Engine | None) -> dict[str, str]:
    """Environment variables with which dbt works on a lake.

    Args:
        settings: The settings.
        lake: The lake.
        engine: The open engine, where dbt uses it.
    """
    read_or_kept = (keys.SILVER, keys.QUARANTINE, keys.OPS, keys.GOLD)
    tables = ",".join(key.sql for key in lake.tables() if key.layer in read_or_kept)
    if engine is None:
        # dbt looks for a warehouse's token in its environment alone.
        credentials.fill_in(os.environ, credentials.DATABRICKS)
    session = {"SPARK_REMOTE": engine.url, "PYTHONWARNINGS": _warnings()} if engine else {}
    return session | {
        "C360_LAKE_URL": lake.url,
        "C360_LAKE_TABLES": tables,
        "C360_CATALOG": settings.catalog,
        "C360_AS_OF_DATE": as_of_date(lake).isoformat(),
        "C360_CURRENCY": settings.currency,
        # Where dagster-dbt looks for the parsed project; without it dbt parses all of it again.
        "DBT_TARGET_PATH": str(target_path(settings)),
        "TZ": "UTC",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def _warnings() -> str:
    """The warning filters of this process, and that dbt-spark may ask each session for Hive."""
    return ",".join(filter(None, (os.environ.get("PYTHONWARNINGS"), _NO_HIVE)))


@contextmanager
def ended_with(engine: Engine | None, process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End a dbt process when the engine it uses dies; alone it would ask for ten minutes more.

    Raises:
        EngineError: The engine died while dbt worked.
    """
    if engine is None:
        yield
        return
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_WATCH_SECONDS):
            if not engine.is_running:
                process.terminate()
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    except Exception as error:
        if engine.is_running:
            raise
        raise EngineError("The engine was lost while dbt worked; run again.") from error
    finally:
        done.set()
        watcher.join()


@contextmanager
def repeated_once_when_garbled() -> Iterator[None]:
    """Have the step tried once more when an answer of the engine reached dbt as no message at all.

    Seen once in some hundred refreshes on a machine with four times the work it has cores for
    (docs/engines.md). Nothing else is repeated: what fails for a reason fails again.

    Raises:
        RetryRequested: It did.
    """
    try:
        yield
    except DagsterDbtCliRuntimeError as error:
        if _GARBLED not in str(error):
            raise
        raise RetryRequested(max_retries=1) from error


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables in a `with` block; dagster-dbt hands on the process's own."""
    before: dict[str, Any] = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
