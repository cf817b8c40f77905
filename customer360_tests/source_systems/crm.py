"""The crm: a PostgreSQL database, its tables, and the user that a factory reads them as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

# As the linked service of adf/ names them.
DATABASE, READER = "crm", "customer360_reader"
_TABLES = f"""
create schema if not exists crm;
create table if not exists crm.contacts (
    contact_id text, op text, title text, first_name text, last_name text, email text, phone text,
    street text, city text, postal_code text, country text, date_of_birth date,
    loyalty_card_number text, updated_at timestamptz);
create table if not exists crm.consents (
    contact_id text, purpose text, channel text, status text, changed_at timestamptz);
grant usage on schema crm to {READER};
grant select on crm.contacts, crm.consents to {READER};
"""


@dataclass(frozen=True)
class Crm:
    """The crm on one PostgreSQL server.

    Attributes:
        server: URL of any database there, whose user may make databases and users.
        password: That user's.
    """

    server: str
    password: str = field(repr=False)

    @property
    def authority(self) -> str:
        """Where the server is, as `host:port`."""
        url = urlsplit(self.server)
        return f"{url.hostname}:{url.port or 5432}"

    def make(self, reader_password: str) -> None:
        """Make database, reader and tables where they are missing; set the reader's password."""
        with self._connect(autocommit=True) as connection:
            if not _is_there(connection, "pg_database where datname", DATABASE):
                connection.execute(f"create database {DATABASE}")
            if not _is_there(connection, "pg_roles where rolname", READER):
                connection.execute(f"create role {READER} login")
            # Hashed here: what the server logs of a statement is no password.
            hashed = connection.pgconn.encrypt_password(reader_password.encode(), READER.encode())
            connection.execute(
                sql.SQL("alter role {} password {}").format(
                    sql.Identifier(READER), sql.Literal(hashed.decode())
                )
            )
        with self.connect() as connection:
            connection.execute(_TABLES)

    def connect(self) -> psycopg.Connection[Any]:
        """A connection to its database."""
        return self._connect(dbname=DATABASE)

    def replace(self, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Give tables, by `schema.table`, other rows than they had, all at once."""
        with self.connect() as connection:
            for table, rows in tables.items():
                connection.execute(sql.SQL("truncate {}").format(_name(table)))
                _append(connection, table, rows)

    def append(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Give a table more rows; values may be texts, which PostgreSQL types."""
        with self.connect() as connection:
            _append(connection, table, rows)

    def export(self, table: str, changed_at: str, before: date) -> bytes:
        """Rows of a table that changed before a day (UTC), as JSON lines."""
        rows = sql.SQL("select row_to_json(r)::text from {} r where {at} < {before} order by {at}")
        query = rows.format(
            _name(table), at=sql.Identifier(changed_at), before=sql.Literal(f"{before}T00:00:00Z")
        )
        with self.connect() as connection:
            return "".join(f"{line}\n" for (line,) in connection.execute(query)).encode()

    def _connect(self, **parameters: Any) -> psycopg.Connection[Any]:
        return psycopg.connect(self.server, password=self.password, **parameters)


def _is_there(connection: psycopg.Connection[Any], where: str, name: str) -> bool:
    return connection.execute(f"select 1 from {where} = %s", [name]).fetchone() is not None


def _name(table: str) -> sql.Identifier:
    return sql.Identifier(*table.split("."))


def _append(
    connection: psycopg.Connection[Any], table: str, rows: Sequence[Mapping[str, Any]]
) -> None:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if not columns:
        return
    copy = sql.SQL("copy {} ({}) from stdin").format(
        _name(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor, cursor.copy(copy) as lines:
        for row in rows:
            lines.write_row([row.get(name) for name in columns])
