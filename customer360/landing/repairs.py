"""How a quarantined record becomes a line that a person can edit and land again.

The field `_repairs` says which record it stands for; `_reason` and `_text` are for the person and
are ignored when the line lands, as every field that is not declared.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from customer360.sources.spec import EntitySpec

REPAIRS: Final = "_repairs"
_REASON: Final = "_reason"
_TEXT: Final = "_text"
# Fields of a repair that no entity declares.
RESERVED: Final = frozenset({REPAIRS, _REASON, _TEXT})


def editable_line(
    entity: EntitySpec, record: str, originals: Sequence[str], reason: str, value: str | None
) -> str:
    """One line of JSON, without a line end.

    Args:
        entity: The declaration; its fields are offered where the record is no JSON object.
        record: The record as it came.
        originals: Where the records are that this one will repair, as `<file>:<line>`.
        reason: Rule and column.
        value: The value that failed, if there is one.

    Returns:
        The record with the reserved fields in front; its own text is kept byte for byte unless it
        has reserved fields itself.
    """
    reserved = {REPAIRS: ";".join(originals), _REASON: f"{reason}: {value}" if value else reason}
    try:
        fields = json.loads(record)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        return _dumped(reserved | {_TEXT: record} | _empty(entity))
    own = RESERVED & set(fields)
    if own or not fields:
        kept = {name: value for name, value in fields.items() if name not in own}
        return _dumped(reserved | kept)
    # A line end inside the record, as in a JSON array over several lines, is only white space.
    inner = record.strip().replace("\r", " ").replace("\n", " ")
    return f"{_dumped(reserved)[:-1]}, {inner[1:]}"


def _empty(entity: EntitySpec) -> dict[str, Any]:
    """Every declared field, to be filled in."""
    fields: dict[str, Any] = {}
    for field in entity.fields:
        head, *rest = field.source_path
        if rest:
            fields.setdefault(head, {})[rest[0]] = None
        else:
            fields[head] = None
    return fields | {child.path: None for child in entity.children}


def _dumped(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False)
