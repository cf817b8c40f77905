"""One record of a landed line as a dictionary, and back: for the few lines that get a fault.

Here: reading and writing single lines. Not here: rendering whole tables (``sheet``).
"""

import csv
import io
import json
from typing import Any

from customer360.landing.simulate.formats import EntityFormat


def parse(entity: EntityFormat, line: bytes) -> dict[str, Any]:
    """Return a faultless line's values by column; empty CSV cells are empty strings."""
    text = line.decode()
    if entity.is_csv:
        return dict(zip(entity.columns, next(csv.reader([text])), strict=True))
    record: dict[str, Any] = json.loads(text)
    return record


def write(entity: EntityFormat, record: dict[str, Any]) -> bytes:
    """Return the line of ``record``, as the entity's format writes it."""
    if entity.is_csv:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="").writerow(record.values())
        return buffer.getvalue().encode()
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


def key_of(entity: EntityFormat, record: dict[str, Any]) -> str | None:
    """Return the record's key text, None if a part of it is absent or blank."""
    parts = [record.get(column) for column in entity.keys]
    if any(part is None or not str(part).strip() for part in parts):
        return None
    return "|".join(str(part) for part in parts)
