"""The lineage beside the manifest: made when the project has changed, read when definitions load.

dagster-dbt would ask for it in every run, which costs five to nine seconds.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final

from customer360.errors import MissingPrerequisiteError
from customer360.resources.dbt import (
    PROJECT_DIR,
    dbt_executable,
    ensure_manifest,
    project_fingerprint,
    target_path,
)
from customer360.serving.lineage import ColumnKey, Lineage, compute_lineage
from customer360.settings import Settings

_FILE: Final = "column_lineage.json"
# What dbt has parsed already: with it, a second dbt process parses nothing.
_PARSED: Final = "partial_parse.msgpack"


def ensure_lineage(settings: Settings) -> None:
    """Make the lineage file unless it is of the project as it is.

    Raises:
        MissingPrerequisiteError: dbt cannot compile the project; the message carries its output.
        LineageError: The SQL of a model cannot be followed.
    """
    fingerprint = project_fingerprint()
    if _read(settings).get("project") == fingerprint:
        return
    found = compute_lineage(_compiled_manifest(settings))
    columns = {key.sql: [parent.sql for parent in parents] for key, parents in found.items()}
    text = json.dumps({"project": fingerprint, "columns": columns}, indent=0)
    # Whole or not at all: another process may be loading definitions.
    written = target_path(settings) / f"{_FILE}.{os.getpid()}"
    written.write_text(text, encoding="utf-8")
    written.replace(target_path(settings) / _FILE)


def read_lineage(settings: Settings) -> Lineage:
    """The lineage of the project as it is; empty where it has not been made."""
    document = _read(settings)
    if document.get("project") != project_fingerprint():
        return {}
    return {
        ColumnKey(*name.split(".")): [ColumnKey(*parent.split(".")) for parent in parents]
        for name, parents in document["columns"].items()
    }


def _read(settings: Settings) -> dict[str, Any]:
    path = target_path(settings) / _FILE
    if not path.exists():
        return {}
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def _compiled_manifest(settings: Settings) -> dict[str, Any]:
    """Compile aside and without a connection: SQL in the manifest would slow every load."""
    ensure_manifest(settings)
    with tempfile.TemporaryDirectory() as folder:
        # With it dbt need not parse again; a manifest alone may have been copied here.
        if (parsed := target_path(settings) / _PARSED).exists():
            shutil.copy(parsed, folder)
        command = [
            dbt_executable(), "--quiet", "compile", "--no-introspect", "--no-populate-cache",
            "--target", settings.dbt_target, "--project-dir", str(PROJECT_DIR),
            "--profiles-dir", str(PROJECT_DIR), "--target-path", folder, "--log-path", folder,
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode != 0:
            raise MissingPrerequisiteError(
                f"dbt cannot compile {PROJECT_DIR}:\n{done.stdout}{done.stderr}"
            )
        manifest: dict[str, Any] = json.loads((Path(folder) / "manifest.json").read_text())
        return manifest
