"""What has to be there before Dagster loads: its home and the dbt manifest. `python -m` runs it from make."""

from __future__ import annotations

import sys

from customer360.commands.instance import prepare_dagster_home
from customer360.errors import Customer360Error
from customer360.resources.dbt import ensure_manifest
from customer360.settings import load_settings


def prepare() -> None:
    """Make the Dagster home and parse the dbt project, where missing or out of date."""
    prepare_dagster_home()
    ensure_manifest(load_settings())


if __name__ == "__main__":
    try:
        prepare()
    except Customer360Error as error:
        sys.exit(str(error))
