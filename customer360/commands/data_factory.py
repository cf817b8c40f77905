"""`customer360 adf`: the factory's files, written from the declarations or compared with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from customer360.data_factory.factory import (
    build_factory,
    differences,
    read_factory,
    write_factory,
)
from customer360.data_factory.references import check_references, reference_problems
from customer360.sources import SOURCES

if TYPE_CHECKING:
    from rich.console import Console


def generate_folder(console: Console, folder: Path) -> None:
    """Write the factory and say what changed.

    Raises:
        DataFactoryError: Something in it refers to nothing; nothing is written.
    """
    documents = build_factory(SOURCES)
    check_references(documents)
    changed = write_factory(folder, documents)
    for name in changed:
        is_there = (folder / name).exists()
        console.print(f"  {'wrote' if is_there else 'removed'} {folder / name}")
    console.print(f"{len(documents)} files in {folder}, {len(changed)} changed.")


def check_folder(console: Console, folder: Path) -> bool:
    """Say how a folder differs from the declarations, and which references lead nowhere.

    Returns:
        Whether the folder is current and closed.

    Raises:
        DataFactoryError: The folder cannot be read.
    """
    documents = build_factory(SOURCES)
    changed = differences(folder, documents)
    there = read_factory(folder)
    for name in changed:
        reason = "differs" if name in documents and name in there else "is missing"
        console.print(f"  {name} {reason if name in documents else 'is no longer generated'}")
    problems = list(reference_problems(there))
    for problem in problems:
        console.print(f"  {problem}")
    if changed:
        console.print(f"Run `customer360 adf generate --out {folder}`.")
    if not changed and not problems:
        console.print(f"{folder} is current: {len(documents)} files, every reference leads on.")
    return not changed and not problems
