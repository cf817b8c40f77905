"""SQL text taken apart: literals set aside so that no pattern looks into them, names normalised."""

from __future__ import annotations

import re
from typing import Final

_ASIDE: Final = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|--[^\n]*|/\*.*?\*/""", re.DOTALL)
_PLACE: Final = re.compile(r"\x01(\d+)\x01")
_PART: Final = re.compile(r"`([^`]+)`|(\w+)")


class Text:
    """A statement without comments, its literals set aside.

    Attributes:
        bare: The statement with a place holder for each literal.
    """

    def __init__(self, statement: str) -> None:
        self._literals: list[str] = []
        self.bare = _ASIDE.sub(self._set_aside, statement).strip().rstrip(";").strip()

    def _set_aside(self, found: re.Match[str]) -> str:
        if found[0][0] in "-/":
            return " "
        self._literals.append(found[0])
        return f"\x01{len(self._literals) - 1}\x01"

    def whole(self, bare: str) -> str:
        """Text with its literals back in place."""
        return _PLACE.sub(lambda m: self._literals[int(m[1])], bare)

    def value(self, place: str) -> str:
        """What a literal stands for."""
        return re.sub(r"\\(.)", r"\1", self.whole(place.strip())[1:-1])

    def pairs(self, listed: str) -> dict[str, str]:
        """`'a' = 'b', 'c' = 'd'` as a dictionary."""
        pairs = (pair.split("=") for pair in listed.split(","))
        return {self.value(name): self.value(value) for name, value in pairs}


def parts(name: str) -> list[str]:
    """The parts of a name, without backticks, lower case."""
    return [(quoted or plain).lower() for quoted, plain in _PART.findall(name)]


def table_key(name: str) -> str:
    """`schema.table` of a name with or without its catalog."""
    return ".".join(parts(name)[-2:])
