"""`customer360 query`: run a reading SQL statement on the engine and print its rows.

How values are spelled in CSV and JSON is in `spelling`.
"""

from __future__ import annotations

import csv
import difflib
import io
import json
import logging
import re
from typing import TYPE_CHECKING, Any, Final

from rich.table import Table
from rich.text import Text

from customer360.errors import Customer360Error
from customer360.resources.lake import Lake
from customer360.resources.session import Engine, open_engine
from customer360.spelling import exact, shown

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.console import Console

    from customer360.settings import Settings

FORMATS: Final = ("table", "csv", "json")
DEFAULT_LIMIT: Final = 50
_READS: Final = ("select", "with", "from", "values", "show", "describe", "desc", "explain")
_WRITES: Final = frozenset({"insert", "update", "delete", "merge", "into", "overwrite"})
# Literals, quoted names and comments: what they hold is not the statement's own words.
_QUOTED: Final = re.compile(
    r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`|--[^\n]*|/\*.*?\*/", re.DOTALL
)


class QueryError(Customer360Error):
    """The statement is not a read, or the engine refused it."""


def query(
    settings: Settings, console: Console, sql: str, *, output: str, limit: int | None
) -> None:
    """Run a statement and print its rows.

    Args:
        settings: The settings.
        console: Where the rows go.
        sql: One statement that reads.
        output: `table`, cut at 50 rows unless `limit` says otherwise; `csv` or `json`, complete.
        limit: At most this many rows.

    Raises:
        QueryError: The statement would write, or the engine refused it; one message without a plan.
    """
    require_read(sql)
    # A table says when it is cut, so it asks for one row more than it shows.
    most = (limit or DEFAULT_LIMIT) if output == "table" else limit
    with open_engine(settings) as engine:
        rows = _run(engine, sql, most + 1 if most and output == "table" else most)
    if output == "csv":
        console.out(_csv(rows), end="", highlight=False)
    elif output == "json":
        console.out(_json(rows), highlight=False)
    else:
        _print(console, rows.slice(0, most))
        if most and rows.num_rows > most:
            console.print(f"The first {most} rows; --limit N shows more, --format csv all of them.")
        else:
            console.print(f"{rows.num_rows} row{'' if rows.num_rows == 1 else 's'}.")


def require_read(sql: str) -> None:
    """Raise unless a text is one statement that reads; a look must not change the lake.

    Raises:
        QueryError: It is something else.
    """
    words = re.findall(r"[a-z_]+|[();]", _QUOTED.sub(" ", sql).lower())
    while words and words[-1] == ";":
        words.pop()
    first = next((w for w in words if w != "("), "")
    if not first:
        raise QueryError(
            "Found no statement; expected one that reads, as: select * from gold.customer_360"
        )
    if ";" in words:
        raise QueryError("Found several statements; expected one. Run them one after the other.")
    depth, outside = 0, set()
    for word in words:
        depth += (word == "(") - (word == ")")
        if depth == 0:
            outside.add(word)
    writes = sorted(_WRITES & outside) if first in ("with", "from", "explain") else []
    if first not in _READS or writes:
        found = (writes or [first])[0]
        raise QueryError(
            f"Found {found}; expected a statement that reads: {', '.join(_READS)}. The lake is "
            "read-only here; `customer360 run` writes it."
        )


def _run(engine: Engine, sql: str, limit: int | None) -> pa.Table:
    from pyspark.errors import PySparkException

    # The client logs every refused statement with its server's stack; the message below is enough.
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    try:
        rows = engine.session.sql(sql.strip().rstrip(";"))
        return (rows if limit is None else rows.limit(limit)).toArrow()
    except (PySparkException, ValueError) as error:
        raise QueryError(_message(str(error)) + _near(engine.lake, sql, str(error))) from error


def _message(text: str) -> str:
    """The first line that says something, without the engines' own notation of names."""
    line = next((part.strip() for part in text.split("\n") if part.strip()), "no message")
    return re.sub(
        r"ObjectName\(\[(.*?)\]\)",
        lambda m: ".".join(re.findall(r'Identifier\("(.*?)"\)', m[1])),
        line,
    )


def _near(lake: Lake, sql: str, error: str) -> str:
    """Tables whose names are like those that the statement reads and the lake does not have."""
    if not re.search("TABLE_OR_VIEW_NOT_FOUND|table not found", error, re.IGNORECASE):
        return ""
    tables = {key.sql: key.table for key in lake.tables()}
    read = re.findall(r"\b(?:from|join)\s+([a-z_][\w.`]*)", _strings_out(sql), re.IGNORECASE)
    near: list[str] = []
    for name in (r.replace("`", "") for r in read):
        if name not in tables:
            table = name.rsplit(".", 1)[-1]
            close = difflib.get_close_matches(table, tables.values(), n=3, cutoff=0.6)
            near += difflib.get_close_matches(name, tables, n=3, cutoff=0.6)
            near += [full for full, short in tables.items() if short in close]
    if near:
        return f"\nNear names: {', '.join(dict.fromkeys(near))}"
    return f"\nThe lake has: {', '.join(tables) or 'no tables; load data with `customer360 run`'}"


def _strings_out(sql: str) -> str:
    return _QUOTED.sub(lambda m: m[0] if m[0].startswith("`") else " ", sql)


def _csv(rows: pa.Table) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(rows.column_names)
    for row in _values(rows):
        writer.writerow(
            "" if v is None else v if isinstance(v, str) else json.dumps(v) for v in row
        )
    return out.getvalue()


def _json(rows: pa.Table) -> str:
    names = rows.column_names
    repeated = sorted({n for n in names if names.count(n) > 1})
    if repeated:
        raise QueryError(
            f"Columns twice: {', '.join(repeated)}; expected each once. Name them with `as`."
        )
    return json.dumps(
        [dict(zip(names, row, strict=True)) for row in _values(rows)], ensure_ascii=False
    )


def _values(rows: pa.Table) -> list[list[Any]]:
    columns = [[exact(v) for v in column.to_pylist()] for column in rows.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def _print(console: Console, rows: pa.Table) -> None:
    """Print as a table, or a line per value where the table would be wider than the console."""
    columns = [[shown(v) for v in column.to_pylist()] for column in rows.columns]
    widths = [
        max(map(len, [name, *values]))
        for name, values in zip(rows.column_names, columns, strict=True)
    ]
    if sum(widths) + 3 * len(widths) + 1 <= console.width:
        table = Table()
        for name, kind in zip(rows.column_names, rows.schema.types, strict=True):
            table.add_column(Text(name), justify="right" if _is_number(kind) else "left")
        for row in zip(*columns, strict=True):
            table.add_row(*(Text(value) for value in row))
        console.print(table)
        return
    longest = max(map(len, rows.column_names))
    for number, row in enumerate(zip(*columns, strict=True), start=1):
        console.rule(f"row {number}", align="left")
        for name, value in zip(rows.column_names, row, strict=True):
            console.out(f"{name:<{longest}}  {value}", highlight=False)


def _is_number(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(
        pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_floating(kind)
    )
