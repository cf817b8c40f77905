"""`customer360 synapse` and `docs`: what gold's description gives; arguments and help only."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from customer360.cli_parts import open_console
from customer360.settings import load_settings

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option("--output", type=_FOLDER, default="synapse", show_default=True, help="Folder.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when the folder is not current.")
def synapse(output: Path, check: bool) -> None:
    """Write the SQL of the Synapse serverless database: docs/synapse.md says how to run it."""
    from customer360.commands.synapse import check_folder, write_folder

    if check:
        sys.exit(0 if check_folder(load_settings(), open_console(), output) else 1)
    write_folder(load_settings(), open_console(), output)


@click.command()
@click.option("--output", type=_FOLDER, default="site", show_default=True, help="Folder.")
@click.option("--serve", is_flag=True, help="Serve it on http://127.0.0.1:8080 afterwards.")
def docs(output: Path, serve: bool) -> None:
    """Make the documentation site: dictionary, figures, asset graph, guides, dbt's pages.

    It needs no lake and no server: open index.html. dbt's pages alone, with the types of the lake's
    tables: `customer360 dbt docs generate`, `customer360 dbt docs serve`.
    """
    from customer360.commands.docs import make_site, serve_site

    make_site(load_settings(), open_console(), output)
    if serve:
        serve_site(open_console(), output)
