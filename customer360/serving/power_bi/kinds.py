"""Types: gold's, the model's and Power Query's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_DECIMAL: Final = re.compile(r"decimal\((?P<digits>\d+),(?P<scale>\d+)\)")
# Digits behind the point that Power BI's fixed decimal number keeps.
_FIXED_SCALE: Final = 4


@dataclass(frozen=True)
class Kind:
    """A type, as the model and Power Query name it.

    Attributes:
        name: Type of a column of the model.
        query_type: Type in Power Query.
        format: How values are shown; empty for the default.
    """

    name: str
    query_type: str
    format: str = ""


TEXT: Final = Kind("string", "type text")
TIMESTAMP: Final = Kind("dateTime", "type datetime", "yyyy-mm-dd hh:nn:ss")
KINDS: Final[Mapping[str, Kind]] = {
    "string": TEXT,
    "boolean": Kind("boolean", "type logical"),
    "int": Kind("int64", "Int64.Type", "0"),
    "bigint": Kind("int64", "Int64.Type", "0"),
    "date": Kind("dateTime", "type date", "yyyy-mm-dd"),
    "timestamp": TIMESTAMP,
}


def kind_of(data_type: str) -> Kind:
    """The kind of a type that is known to have one."""
    kind = found_kind(data_type)
    assert kind is not None, data_type
    return kind


def found_kind(data_type: str | None) -> Kind | None:
    """The kind of a type of gold; None when Power BI has none for it."""
    text = (data_type or "").lower()
    match = _DECIMAL.fullmatch(text)
    if match is None:
        return KINDS.get(text)
    if int(match["scale"]) <= _FIXED_SCALE:
        return Kind("decimal", "Currency.Type", "#,##0." + "0" * int(match["scale"]))
    return Kind("double", "type number", "#,##0." + "0" * int(match["scale"]))
