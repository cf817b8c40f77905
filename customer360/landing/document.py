"""docs/landing.md, rendered from the source declarations: what to drop where, field by field.

`python -m customer360.landing.document` writes it; a test compares the file with the rendering.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from customer360.settings import PROJECT_ROOT
from customer360.sources import SOURCES
from customer360.sources.spec import EntitySpec, Field, SourceSpec

PATH: Final = PROJECT_ROOT / "docs" / "landing.md"

_INTRODUCTION: Final = """# Landing: what to drop where

Rendered from `customer360/sources/` by `python -m customer360.landing.document`; do not edit.

* A file goes to `landing/<source>/<entity>/dt=YYYY-MM-DD/<any name>`. The day is the day it arrives
  (UTC). It decides what came first; it is not the time of loading.
* Formats, by the file's name: `.jsonl` or `.ndjson` (one object a line), `.json` (an array of
  objects), `.csv` (with a header, RFC 4180), `.parquet`; the text formats also as `.gz`. The format
  shown is only the usual one of the source. A record may have 32 MiB, a JSON array 128 MiB.
* A landed file is never changed. A late or corrected file is a new file under the day it arrives.
* Names that begin with `_` or `.` or end in `.tmp` are not read: write aside, then rename.
* Required are the key, the clock and money. Without them a record is quarantined. Any other value
  that cannot be read becomes null and an issue on the row. Fields that are not listed stay in
  bronze; `customer360 drift` names them (drift.md).
* One field is reserved in every format: `_repairs` names the quarantined records that a record
  corrects, as `<source>/<entity>/dt=YYYY-MM-DD/<file>:<line>`, several with `;` between. They leave
  quarantine when the record is usable: [quarantine.md](quarantine.md).
* Times are ISO 8601 with an offset or `Z`; without one they are taken for UTC. Dates are
  YYYY-MM-DD. Amounts are decimal numbers with a point, in the lake's one currency.
"""


def render(sources: Sequence[SourceSpec] = SOURCES) -> str:
    """The whole document."""
    parts = [_INTRODUCTION]
    for source in sources:
        parts.append(f"## {source.name}\n\n{source.description} Owner: {source.owner}.\n")
        parts += [_entity(source, entity) for entity in source.entities]
    return "\n".join(parts)


def _entity(source: SourceSpec, entity: EntitySpec) -> str:
    lines = [
        f"### {source.name}/{entity.name}",
        "",
        f"{entity.description}",
        "",
        f"* usually `.{entity.landing_format.value}`; key: {_listed(entity.key)}",
        f"* {_versions(entity)}",
    ]
    if entity.deleted_by:
        field, value = entity.deleted_by
        lines.append(f"* a record with `{field}` = `{value}` deletes; a tombstone stays")
    lines += ["", *_table(entity.fields)]
    for child in entity.children:
        lines += ["", f"Elements of the list `{child.path}` ({child.description})", ""]
        lines += _table(child.fields)
    return "\n".join([*lines, ""])


def _versions(entity: EntitySpec) -> str:
    if entity.immutable:
        return (
            "never changes: the first landed wins, a copy is a duplicate, "
            "a different one is quarantined"
        )
    return f"changes: the newest `{entity.clock}` wins, ties go to the last landed"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(fields: Sequence[Field]) -> Iterator[str]:
    yield "| field | type | required | meaning |"
    yield "|---|---|---|---|"
    for field in fields:
        values = f" One of {_listed(field.values)}." if field.values else ""
        column = f" Silver column `{field.name}`." if field.path else ""
        required = "yes" if field.required else ""
        name = ".".join(field.source_path)
        also = f" Also read from {_listed(field.also)}." if field.also else ""
        meaning = f"{field.description}{values}{column}{also}"
        yield f"| `{name}` | {field.kind.value} | {required} | {meaning} |"


def write(path: Path = PATH) -> None:
    """Write the document."""
    path.write_text(render())


if __name__ == "__main__":
    write()
