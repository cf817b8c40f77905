"""What has to be there before Dagster loads: its home, the dbt manifest, the lineage of columns.

`python -m customer360.commands.prepare` does it for make; with `--then COMMAND…` it goes on as that
command, which is how the container starts.
"""

from __future__ import annotations

import os
import sys

from customer360.commands.instance import prepare_dagster_home
from customer360.errors import Customer360Error
from customer360.resources.dbt import ensure_manifest
from customer360.serving.lineage_file import ensure_lineage
from customer360.settings import load_settings


def prepare() -> None:
    """Make the Dagster home, parse and compile the dbt project, where missing or out of date."""
    prepare_dagster_home()
    settings = load_settings()
    ensure_manifest(settings)
    ensure_lineage(settings)


def main(arguments: list[str]) -> None:
    """Prepare, then become the given command, if any."""
    try:
        prepare()
    except Customer360Error as error:
        sys.exit(str(error))
    if arguments[:1] == ["--then"]:
        os.execvp(arguments[1], arguments[1:])  # noqa: S606 - the container's own command


if __name__ == "__main__":
    main(sys.argv[1:])
