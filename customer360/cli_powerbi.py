"""`customer360 powerbi`: the Power BI project as files; arguments and help only."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from customer360.cli_parts import open_console
from customer360.settings import load_settings

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option(
    "--output", type=_FOLDER, default="powerbi", show_default=True, help="Folder to write."
)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when the folder is not current.")
@click.option(
    "--source",
    "sources",
    type=click.Choice(["lake", "synapse", "databricks"]),
    multiple=True,
    help="Read gold from here only, instead of by the parameter GoldSource; may be repeated.",
)
def powerbi(output: Path, check: bool, sources: tuple[str, ...]) -> None:
    """Write the Power BI project from the dbt manifest: docs/power-bi.md says how to open it."""
    from customer360.commands.power_bi import check_project, generate_project
    from customer360.serving.power_bi.queries import SOURCES

    settings, chosen = load_settings(), sources or SOURCES
    if check:
        sys.exit(0 if check_project(open_console(), settings, output, chosen) else 1)
    generate_project(open_console(), settings, output, chosen)
