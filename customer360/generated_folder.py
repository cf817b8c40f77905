"""Folders that hold exactly the files that a command makes: read, compared, written.

A file in the folder marks it as ours. What else lies in it is removed, so a folder of somebody
else's is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from customer360.errors import Customer360Error

Files = Mapping[str, str | bytes]


class GeneratedFolderError(Customer360Error):
    """A folder holds something else than what a command makes."""


def read_folder(folder: Path, mark: str, local: Collection[str] = ()) -> dict[str, bytes]:
    """The files of a folder, by path; none where there is no folder.

    Args:
        folder: The folder.
        mark: Path of the file that tells that it is ours.
        local: Names of folders in it that others keep for themselves.

    Raises:
        GeneratedFolderError: It holds files, and not the one that marks it.
    """
    found = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and not set(local) & set(path.relative_to(folder).parts)
    }
    if found and mark not in found:
        raise GeneratedFolderError(
            f"Found files in {folder}, and no {mark}: expected what this command makes, or an "
            "empty folder, as everything else in it is removed. Name another --output."
        )
    return {name: path.read_bytes() for name, path in found.items()}


def differing(there: Mapping[str, bytes], files: Files) -> list[str]:
    """Paths of files that are missing, too many, or other than given; sorted."""
    wanted = {name: _bytes(content) for name, content in files.items()}
    return sorted(
        name for name in there.keys() | wanted.keys() if there.get(name) != wanted.get(name)
    )


def write_folder(folder: Path, files: Files, mark: str, local: Collection[str] = ()) -> list[str]:
    """Make a folder hold exactly these files.

    Args:
        folder: The folder.
        files: Texts or bytes by path.
        mark: Path of the file among them that tells that the folder is ours.
        local: Names of folders in it that others keep for themselves.

    Returns:
        The paths that changed, sorted.

    Raises:
        GeneratedFolderError: It holds somebody else's files; nothing is written.
    """
    changed = differing(read_folder(folder, mark, local), files)
    replace(folder, files, changed)
    return changed


def replace(folder: Path, files: Files, changed: Iterable[str]) -> None:
    """Write those of the paths that are among the files, and remove the others."""
    for name in changed:
        path = folder / name
        if name in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_bytes(files[name]))
        else:
            path.unlink()


def _bytes(content: str | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.encode()
