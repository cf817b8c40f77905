"""`customer360 powerbi`: the project's files, written from the dbt manifest or compared with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from customer360.resources.dbt import read_manifest
from customer360.serving.power_bi.project import build_project, differences, write_project

if TYPE_CHECKING:
    from rich.console import Console

    from customer360.settings import Settings


def generate_project(
    console: Console, settings: Settings, folder: Path, sources: Sequence[str]
) -> None:
    """Write the project and say what changed.

    Raises:
        PowerBiError: The model or the report names something that gold has not; nothing is written.
    """
    files = build_project(read_manifest(settings), sources)
    changed = write_project(folder, files)
    for name in changed:
        console.print(f"  {'wrote' if name in files else 'removed'} {folder / name}")
    console.print(f"{len(files)} files in {folder}, {len(changed)} changed.")


def check_project(
    console: Console, settings: Settings, folder: Path, sources: Sequence[str]
) -> bool:
    """Say how a folder differs from the dbt manifest.

    Returns:
        Whether the folder is current.

    Raises:
        PowerBiError: The model or the report names something that gold has not.
    """
    files = build_project(read_manifest(settings), sources)
    changed = differences(folder, files)
    for name in changed:
        if name not in files:
            reason = "is no longer generated"
        else:
            reason = "differs" if (folder / name).exists() else "is missing"
        console.print(f"  {name} {reason}")
    if changed:
        console.print(f"Run `customer360 powerbi --output {folder}`.")
    else:
        console.print(f"{folder} is current: {len(files)} files.")
    return not changed
