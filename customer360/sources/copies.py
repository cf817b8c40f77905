"""How an entity gets out of its system into the landing zone, where a factory copies it.

A declaration says where the records are, never on which host: hosts and secrets belong to the
deployment (docs/data_factory.md). `customer360.data_factory` makes pipelines of it; files that
somebody drops into the landing zone need none of this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final


@dataclass(frozen=True, slots=True)
class TableCopy:
    """A table of a PostgreSQL database; a day's copy holds the rows changed on that day (UTC).

    Attributes:
        table: Table or view, as `schema.table`.
        changed_at: Its timestamp column that puts a row into a day.
    """

    kind: ClassVar[str] = "database"
    table: str
    changed_at: str


@dataclass(frozen=True, slots=True)
class PagesCopy:
    """A list of a REST interface, asked with `since` and `until`, given out in pages.

    A page is an object that holds the records in a list, and under `next` the address of the page
    behind it, or null.

    Attributes:
        path: Path below the interface's address.
        records: Name of the list in a page.
    """

    kind: ClassVar[str] = "rest"
    path: str
    records: str = "items"


@dataclass(frozen=True, slots=True)
class FilesCopy:
    """Files that the system drops below `<folder>/YYYY-MM-DD/` of the drop storage.

    Attributes:
        folder: Folder of the drop storage; `<source>/<entity>` when empty.
    """

    kind: ClassVar[str] = "files"
    folder: str = ""


Copy = TableCopy | PagesCopy | FilesCopy
# What holds of an entity that says nothing.
DROPPED: Final = FilesCopy()


def copy_problems(where: str, copy: Copy) -> Iterator[str]:
    """What no query and no address could be made of; names go into SQL as they are."""
    match copy:
        case TableCopy():
            if not re.fullmatch(r"[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*", copy.table):
                yield f"{where}: {copy.table!r} is not a table as schema.table"
            if not re.fullmatch(r"[a-z_][a-z0-9_]*", copy.changed_at):
                yield f"{where}: {copy.changed_at!r} is not a column's name"
        case PagesCopy():
            if not re.fullmatch(r"[A-Za-z0-9_.~/-]+", copy.path) or copy.path.startswith("/"):
                yield f"{where}: {copy.path!r} is not a path below the interface's address"
            if not re.fullmatch(r"\w+", copy.records):
                yield f"{where}: {copy.records!r} is not the name of a list"
        case FilesCopy():
            if copy.folder.startswith("/") or ".." in copy.folder.split("/"):
                yield f"{where}: {copy.folder!r} is not a folder of the drop storage"
