"""SQL text as the portability guard sees it: without comments, with and without its literals."""

from __future__ import annotations

import re

_BLOCKS = {"{#": "#}", "{{": "}}", "{%": "%}", "--": "\n", "/*": "*/"}


class Sql:
    """SQL text in two views of the same length, so that offsets agree.

    Attributes:
        text: Lower case, comments blanked.
        code: The same with the content of literals blanked.
        doubled: Offsets of quotes doubled inside a literal.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self._text, self._code = list(source.lower()), list(source.lower())
        self.doubled: list[int] = []
        self._scan()
        self.text, self.code = "".join(self._text), "".join(self._code)

    def _scan(self) -> None:
        at = 0
        while at < len(self.source):
            opening = self.source[at : at + 2]
            if opening in _BLOCKS:
                at = self._block(at, opening)
            elif self.source[at] in "'\"":
                at = self._literal(at)
            else:
                at += 1

    def _block(self, start: int, opening: str) -> int:
        """Blank a comment; in Jinja only the quotes, because its strings are mostly SQL."""
        found = self.source.find(_BLOCKS[opening], start + 2)
        end = len(self.source) if found < 0 else found + len(_BLOCKS[opening])
        jinja = opening in ("{{", "{%")
        for i in range(start, end):
            if (not jinja or self.source[i] in "'\"") and self.source[i] != "\n":
                self._code[i] = " "
                self._text[i] = self._text[i] if jinja else " "
        return end

    def _literal(self, start: int) -> int:
        quote, at = self.source[start], start + 1
        while at < len(self.source):
            if self.source.startswith("{{", at):
                at = self._block(at, "{{")
            elif self.source[at] == "\\":
                self._code[at : at + 2] = " " * len(self._code[at : at + 2])
                at += 2
            elif self.source.startswith(quote * 2, at):
                self.doubled.append(at)
                at += 2
            elif self.source[at] == quote:
                return at + 1
            else:
                self._code[at] = "\n" if self.source[at] == "\n" else " "
                at += 1
        return at

    def enclosing(self, offset: int) -> list[str]:
        """Names of the calls around an offset, innermost first; empty text for bare parentheses."""
        names, depth = [], 0
        for at in range(offset - 1, -1, -1):
            if self.code[at] == ")":
                depth += 1
            elif self.code[at] == "(":
                depth -= 1
                if depth < 0:
                    names.append(_word_before(self.code, at))
                    depth = 0
        return names


def _word_before(code: str, at: int) -> str:
    found = re.search(r"([a-z_0-9]*)\s*$", code[:at])
    return found[1] if found else ""
