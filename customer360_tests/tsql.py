"""T-SQL read in tests: batches of a script, their statements, and views executed by DuckDB.

sqlglot parses queries, views, functions and external tables. What it hands back unread, because
its T-SQL lacks the statement (credentials, data sources, roles, grants), is compared here with the
form that its documentation gives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import sqlglot
from sqlglot import exp

_NAME: Final = r"(?:\w+|\[[^\]]+\]|\$\(\w+\))"
_TEXT: Final = r"N?'(?:[^']|'')*'"
_OPTION: Final = rf"\w+ = (?:{_NAME}|{_TEXT}|\d+)"
_FORMS: Final = tuple(
    re.compile(form)
    for form in (
        rf"CREATE MASTER KEY ENCRYPTION BY PASSWORD = {_TEXT}",
        rf"CREATE DATABASE SCOPED CREDENTIAL {_NAME} WITH IDENTITY = {_TEXT}",
        rf"CREATE EXTERNAL DATA SOURCE {_NAME} WITH \({_OPTION}, {_OPTION}\)",
        (
            rf"CREATE EXTERNAL FILE FORMAT {_NAME} WITH \({_OPTION}"
            rf"(?:, FORMAT_OPTIONS \({_OPTION}(?:, {_OPTION})*\))?\)"
        ),
        rf"CREATE SCHEMA {_NAME} AUTHORIZATION {_NAME}",
        rf"CREATE LOGIN {_NAME} FROM EXTERNAL PROVIDER",
        rf"CREATE USER {_NAME} FOR LOGIN {_NAME}",
        rf"CREATE ROLE {_NAME}",
        rf"ALTER ROLE {_NAME} ADD MEMBER {_NAME}",
        rf"ALTER DATABASE CURRENT COLLATE {_NAME}",
        rf"DROP EXTERNAL TABLE {_NAME}\.{_NAME}",
        rf"(?:GRANT|DENY) SELECT ON SCHEMA::{_NAME} TO {_NAME}",
        rf"GRANT REFERENCES ON DATABASE SCOPED CREDENTIAL::{_NAME} TO {_NAME}",
        rf"DENY ADMINISTER (?:DATABASE )?BULK OPERATIONS TO {_NAME}",
        rf"THROW \d+, {_TEXT}, \d+",
    )
)
_GUARDED: Final = re.compile(rf"IF (?P<condition>.+)\n    EXEC\((?P<text>{_TEXT})\)", re.DOTALL)


def batches(script: str) -> list[str]:
    """Batches of a script without comments and sqlcmd's own lines."""
    kept = "\n".join(line for line in script.splitlines() if not line.startswith(("--", ":")))
    return [b.strip() for b in re.split(r"^GO$", kept, flags=re.MULTILINE) if b.strip()]


def problems(batch: str) -> Iterator[str]:
    """What is wrong with a batch; a guarded statement is read, too."""
    statement = batch.removesuffix(";")
    guarded = _GUARDED.fullmatch(statement)
    if guarded:
        yield from _unread(f"SELECT 1 WHERE {guarded['condition']}")
        statement = guarded["text"].removeprefix("N")[1:-1].replace("''", "'")
    if not any(form.fullmatch(statement) for form in _FORMS):
        yield from _unread(statement)


def _unread(statement: str) -> Iterator[str]:
    try:
        parsed = sqlglot.parse(statement, dialect="tsql")
    except sqlglot.ParseError as error:
        yield f"{error}: {statement}"
        return
    yield from (f"no known statement: {s.sql()}" for s in parsed if isinstance(s, exp.Command))


def created(script: str, kind: str) -> dict[str, exp.Create]:
    """Views, tables or functions that a script creates, by `schema.name`."""
    found = {}
    for batch in batches(script):
        if batch.startswith("CREATE "):
            statement = sqlglot.parse_one(batch.removesuffix(";"), dialect="tsql")
            if isinstance(statement, exp.Create) and statement.kind == kind:
                table = statement.find(exp.Table)
                assert table is not None
                found[f"{table.db}.{table.name}"] = statement
    return found


def duckdb_sql(query: exp.Expression) -> str:
    """A query of a view as DuckDB reads it; the name of who asks stays a call of SUSER_SNAME."""
    # sqlglot takes SUSER_SNAME for the standard's CURRENT_USER, which is fixed in DuckDB.
    return query.sql(dialect="duckdb").replace("CURRENT_USER()", "SUSER_SNAME()")
