"""The Dagster instance of this checkout: one home for the command line and for `make dev`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from customer360.settings import EVENT_BATCH_SIZE, PROJECT_ROOT

if TYPE_CHECKING:
    import dagster as dg


def prepare_dagster_home() -> Path:
    """Make sure DAGSTER_HOME names a folder that holds the project's dagster.yaml.

    Returns:
        The folder: what DAGSTER_HOME says, else `.dagster` in the checkout.
    """
    home = Path(os.environ.get("DAGSTER_HOME") or PROJECT_ROOT / ".dagster").resolve()
    home.mkdir(parents=True, exist_ok=True)
    config = home / "dagster.yaml"
    if not config.exists() and not config.is_symlink():
        config.symlink_to(PROJECT_ROOT / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ.setdefault(EVENT_BATCH_SIZE, "1000")
    return home


def open_instance() -> dg.DagsterInstance:
    """The instance in DAGSTER_HOME; to be used in a `with` block."""
    import dagster as dg

    prepare_dagster_home()
    return dg.DagsterInstance.get()
