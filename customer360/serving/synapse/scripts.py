"""All scripts as files, and how a folder differs from them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

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
    """
    there = _files(folder)
    changed = sorted(n for n in there.keys() | scripts.keys() if there.get(n) != scripts.get(n))
    folder.mkdir(parents=True, exist_ok=True)
    for name in changed:
        if name in scripts:
            (folder / name).write_text(scripts[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    return changed


def differences(folder: Path, scripts: Mapping[str, str]) -> Iterator[str]:
    """Lines that a folder has too many (-) or lacks (+), after the name of their file."""
    there = _files(folder)
    for name in sorted(there.keys() | scripts.keys()):
        found, wanted = there.get(name, ""), scripts.get(name, "")
        lines = difflib.unified_diff(found.splitlines(), wanted.splitlines(), n=0, lineterm="")
        yield from (
            f"{name}: {line}" for line in lines if not line.startswith(("---", "+++", "@@"))
        )


def _files(folder: Path) -> dict[str, str]:
    paths = [path for ending in ("*.sql", "*.csv") for path in folder.glob(ending)]
    return {path.name: path.read_text(encoding="utf-8") for path in paths}
