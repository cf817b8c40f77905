"""CSV rows one by one: the strict parser for quotes, and rows that go on over line ends.

Rows whose quotes only stand at the beginning and the end of cells are converted all at once in
`csv_table`; the others come here.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from customer360.landing.formats.decoded import STRAY_QUOTE, UNCLOSED_QUOTE, WRONG_FIELD_COUNT
from customer360.landing.formats.lines import Lines

# A quoted value may hold line ends; one with more of them, or longer than a line may be, is taken
# for a quote never closed.
MAX_JOINED_LINES: Final = 20
_QUOTED: Final = r'"([^"]*+(?:""[^"]*+)*+)'
# A cell with the comma before it. A quoted cell must end with its quote.
_CELL: Final = re.compile(rf'(?:\A|,)(?:{_QUOTED}"(?=,|\Z)|(?!")([^,]*))')
_OPEN_CELL: Final = re.compile(rf"(?:\A|,){_QUOTED}\Z")


class QuotedRow(NamedTuple):
    """What a physical line, maybe with lines after it, turned out to be.

    Attributes:
        cells: The values; empty when they cannot be used.
        last: Index of the row's last line.
        fault: Why the cells cannot be used.
    """

    cells: list[str]
    last: int
    fault: str | None = None


def parse_row(text: str) -> QuotedRow:
    """Parse one row, whose `last` is 0: its cells, or why there are none.

    A cell that begins with a quote must end with one: otherwise `unclosed_quote` if it is open at
    the end of the text, `stray_quote` if anything follows the closing quote. A quote inside a cell
    that does not begin with one is an ordinary character.
    """
    if '"' not in text:
        return QuotedRow(text.split(","), 0)
    cells, end = [], 0
    for match in _CELL.finditer(text):
        if match.start() != end:
            break
        cells.append(match[2] if match[1] is None else match[1].replace('""', '"'))
        end = match.end()
    if end == len(text) and cells:
        return QuotedRow(cells, 0)
    return QuotedRow([], 0, UNCLOSED_QUOTE if _OPEN_CELL.match(text, end) else STRAY_QUOTE)


def read_row(lines: Lines, first: int, text: str, width: int, *, is_last: bool) -> QuotedRow | None:
    """Read the row that begins at line `first`, over as many lines as its quotes ask for.

    Args:
        lines: Consecutive lines of the file.
        first: Index of the row's first line.
        text: That line.
        width: Number of cells that a row must have.
        is_last: No lines follow after `lines`.

    Returns:
        The row; None if it needs lines that have not been read yet. A quote that is open at the
        line end joins the lines after it only if the whole is a valid row of `width` cells: one
        forgotten quote must not swallow the good rows behind it.
    """
    row = parse_row(text)
    if row.fault == UNCLOSED_QUOTE:
        return _join(lines, first, width, is_last=is_last)
    if not row.fault and len(row.cells) != width:
        return QuotedRow([], first, WRONG_FIELD_COUNT)
    return QuotedRow(row.cells, first, row.fault)


def _join(lines: Lines, first: int, width: int, *, is_last: bool) -> QuotedRow | None:
    unclosed = QuotedRow([], first, UNCLOSED_QUOTE)
    for last in range(first + 1, first + MAX_JOINED_LINES + 1):
        if last == len(lines):
            return unclosed if is_last else None
        if lines.is_too_long(first, last):
            return unclosed
        row = parse_row(lines.text(first, last))
        if row.fault != UNCLOSED_QUOTE:
            fits = not row.fault and len(row.cells) == width
            return QuotedRow(row.cells, last) if fits else unclosed
    return unclosed
