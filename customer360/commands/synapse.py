"""`customer360 synapse`: the scripts of the Synapse database, written or compared with gold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from customer360.resources.dbt import read_manifest
from customer360.serving.synapse.scripts import build_scripts, differences, write_scripts

if TYPE_CHECKING:
    from rich.console import Console

    from customer360.settings import Settings


def write_folder(settings: Settings, console: Console, folder: Path) -> None:
    """Write the scripts and say which changed."""
    scripts = build_scripts(read_manifest(settings))
    changed = write_scripts(folder, scripts)
    for name in changed:
        console.print(f"  {'wrote' if name in scripts else 'removed'} {folder / name}")
    console.print(f"{len(scripts)} files in {folder}, {len(changed)} changed.")


def check_folder(settings: Settings, console: Console, folder: Path) -> bool:
    """Say how a folder differs from what gold gives now.

    Returns:
        Whether it is current.
    """
    scripts = build_scripts(read_manifest(settings))
    found = list(differences(folder, scripts))
    for line in found:
        console.print(f"  {line}", markup=False)
    if found:
        console.print(f"Run `customer360 synapse --output {folder}`.")
    else:
        console.print(f"{folder} is current: {len(scripts)} files.")
    return not found
