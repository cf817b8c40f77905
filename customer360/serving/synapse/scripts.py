"""All scripts as files, and how a folder differs from them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from customer360.generated_folder import differing, read_folder, write_folder
from customer360.serving.metrics import read_metrics
from customer360.serving.published import read_gold
from customer360.serving.synapse.security import (
    USER_REGIONS_EXAMPLE,
    check_filters,
    grants_script,
    person_script,
    security_script,
)
from customer360.serving.synapse.storage import (
    clean_up_script,
    database_script,
    storage_script,
    tables_script,
)
from customer360.serving.synapse.views import figures_by_table, metrics_script, views_script

DEPLOY: Final = "deploy.sql"
PERSON: Final = "person.sql"
EXAMPLE: Final = "user_regions.example.csv"
_HEADER: Final = (
    "-- Made by `customer360 synapse` from the dbt project: change that, not this file.\n"
    "-- Safe to run again; docs/synapse.md says how.\n"
)


def build_scripts(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Everything in the folder.

    Args:
        manifest: The parsed manifest of the dbt project.

    Returns:
        Texts by file name; `deploy.sql` runs the numbered ones in order.

    Raises:
        PublishingError: A gold table is not described well enough.
        MetricError: A metric is none that T-SQL can be told.
    """
    tables = read_gold(manifest)
    check_filters({table.key.table: table for table in tables})
    figures = figures_by_table(read_metrics(manifest))
    steps = {
        "01_database.sql": database_script(),
        "02_storage.sql": storage_script(),
        "03_tables.sql": tables_script(tables),
        "04_security.sql": security_script(),
        "05_views.sql": views_script(tables),
        "06_metrics.sql": metrics_script(figures),
        "07_grants.sql": grants_script(),
        "08_clean_up.sql": clean_up_script(tables, [key.table for key in figures]),
    }
    scripts = {name: _HEADER + text for name, text in steps.items()}
    runs = "".join(f":r {name}\n" for name in steps)
    scripts[DEPLOY] = f"{_HEADER}-- Variables: LakeUrl, MasterKeyPassword.\n:on error exit\n{runs}"
    scripts[PERSON] = f"{_HEADER}-- Variables: Login, Role.\n:on error exit\n{person_script()}"
    scripts[EXAMPLE] = USER_REGIONS_EXAMPLE
    return scripts


def write_scripts(folder: Path, scripts: Mapping[str, str]) -> list[str]:
    """Make a folder hold exactly these scripts.

    Returns:
        Names of the files that changed, sorted.

    Raises:
        GeneratedFolderError: The folder is somebody else's.
    """
    return write_folder(folder, scripts, DEPLOY)


def differences(folder: Path, scripts: Mapping[str, str]) -> Iterator[str]:
    """Lines that a folder has too many (-) or lacks (+), after the name of their file."""
    there = read_folder(folder, DEPLOY)
    for name in differing(there, scripts):
        found, wanted = there.get(name, b"").decode(errors="replace"), scripts.get(name, "")
        lines = difflib.unified_diff(found.splitlines(), wanted.splitlines(), n=0, lineterm="")
        yield from (
            f"{name}: {line}" for line in lines if not line.startswith(("---", "+++", "@@"))
        )
