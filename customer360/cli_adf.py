"""`customer360 adf`: the Data Factory as files; arguments and help only."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from customer360.cli_parts import open_console

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group()
def adf() -> None:
    """The Azure Data Factory that copies the sources into the landing zone, as JSON files."""


@adf.command()
@click.option("--out", type=_FOLDER, default="adf", show_default=True, help="Folder to write.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when the folder is not current.")
def generate(out: Path, check: bool) -> None:
    """Write the factory from the source declarations: docs/data_factory.md says how to deploy it.

    Each time, every reference in it is followed; one that leads nowhere is an error.
    """
    from customer360.commands.data_factory import check_folder, generate_folder

    if check:
        sys.exit(0 if check_folder(open_console(), out) else 1)
    generate_folder(open_console(), out)
