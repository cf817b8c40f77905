"""A warehouse session: runs statements, those that only Databricks knows in Spark's words.

A rule is a pattern and what is done instead. What no rule matches goes to Spark as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
from pyspark.sql.connect.session import SparkSession

from customer360_tests.warehouse.catalog import CATALOG, Catalog
from customer360_tests.warehouse.facts import Facts
from customer360_tests.warehouse.text import Text, parts, table_key

NOTHING: Final = pa.table({})
_NAME: Final = r"((?:`[^`]+`|\w+)(?:\.(?:`[^`]+`|\w+))*)"
_INFORMATION: Final = re.compile(r"(?:`?\w+`?\.)`?information_schema`?\.`?(\w+)`?", re.IGNORECASE)


@dataclass(frozen=True)
class Asked:
    """A statement that a rule matches.

    Attributes:
        session: Whose it is.
        text: The statement.
        found: The rule's match.
    """

    session: Session
    text: Text
    found: re.Match[str]


# Answers a statement: with rows, or with the statement that is to be run in its place.
Answer = Callable[[Asked], pa.Table | str]
_RULES: Final[list[tuple[re.Pattern[str], Answer]]] = []


class Session:
    """One session of the connector on one of the engine's, with its own temporary views."""

    def __init__(self, engine_url: str, facts: Facts, schema: str) -> None:
        self.facts = facts
        self._spark = SparkSession.builder.remote(engine_url).create()
        self.catalog = Catalog(self._spark, facts)
        # dbt connects before it makes the schema.
        if self._spark.catalog.databaseExists(schema):
            self._spark.catalog.setCurrentDatabase(schema)

    def run(self, statement: str, tag: str) -> pa.Table:
        """Run a statement; `interrupt` with the same tag stops it."""
        text = Text(statement)
        self._spark.addTag(tag)
        try:
            for pattern, answer in _RULES:
                found = pattern.fullmatch(text.bare)
                if found:
                    answered = answer(Asked(self, text, found))
                    return self._query(answered, text) if isinstance(answered, str) else answered
            return self._query(text.bare, text)
        finally:
            self._spark.removeTag(tag)

    def _query(self, bare: str, text: Text) -> pa.Table:
        whole = text.whole(bare)
        named = _INFORMATION.sub(lambda m: self.catalog.information(m[1].lower(), whole), bare)
        return self._spark.sql(text.whole(named)).toArrow()

    def has_rows(self, query: str) -> bool:
        """Whether a query gives any row."""
        return bool(self._spark.sql(query).head(1))

    def interrupt(self, tag: str) -> None:
        """Stop what runs under a tag."""
        self._spark.interruptTag(tag)

    def close(self) -> None:
        """Close the engine's session."""
        self._spark.stop()


def _rule(pattern: str) -> Callable[[Answer], Answer]:
    def add(answer: Answer) -> Answer:
        spaced = pattern.replace(" ", r"\s+").replace("NAME", _NAME)
        _RULES.append((re.compile(spaced, re.IGNORECASE | re.DOTALL), answer))
        return answer

    return add


def _texts(*columns: str, rows: list[tuple[object, ...]]) -> pa.Table:
    names = list(columns)
    if not rows:
        return pa.schema([(name, pa.string()) for name in names]).empty_table()
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows])


@_rule(r"use catalog (\S+)")
def _use_catalog(asked: Asked) -> pa.Table | str:
    return f"set catalog {asked.found[1]}"


@_rule(r"select current_catalog\(\)")
def _current_catalog(_: Asked) -> pa.Table | str:
    return _texts("current_catalog()", rows=[(CATALOG,)])


@_rule(r"describe table extended NAME as json")
def _describe(asked: Asked) -> pa.Table | str:
    return _texts("json_metadata", rows=[(asked.session.catalog.as_json(asked.found[1]),)])


@_rule(r"show table extended in NAME like (\S+)")
def _show_extended(asked: Asked) -> pa.Table | str:
    rows = list(
        asked.session.catalog.extended(parts(asked.found[1])[-1], asked.text.value(asked.found[2]))
    )
    return _texts("database", "tableName", "isTemporary", "information", rows=[*rows])


@_rule(r"create or replace table NAME .*")
def _replace(asked: Asked) -> pa.Table | str:
    asked.session.facts.replaced(table_key(asked.found[1]))
    return asked.found[0]


@_rule(r"drop (?:table|view) (?:if exists )?NAME")
def _drop(asked: Asked) -> pa.Table | str:
    asked.session.facts.dropped(table_key(asked.found[1]))
    return asked.found[0]


@_rule(r"alter table NAME set tags \((.*)\)")
def _tag(asked: Asked) -> pa.Table | str:
    tags = asked.session.facts.tags[table_key(asked.found[1])]
    tags.update(asked.text.pairs(asked.found[2]))
    return NOTHING


@_rule(r"alter table NAME alter column (`?\w+`?) set tags \((.*)\)")
def _tag_column(asked: Asked) -> pa.Table | str:
    tags = asked.session.facts.column_tags[table_key(asked.found[1])]
    column = asked.found[2].strip("`")
    tags |= {f"{column}.{n}": v for n, v in asked.text.pairs(asked.found[3]).items()}
    return NOTHING


@_rule(r"alter table NAME alter column (`?\w+`?) set not null")
def _set_not_null(asked: Asked) -> pa.Table | str:
    table, column = asked.found[1], asked.found[2]
    if asked.session.has_rows(f"select 1 from {table} where {column} is null"):
        raise ValueError(f"[DELTA_NEW_NOT_NULL_VIOLATION] {table}.{column} holds nulls")
    asked.session.facts.not_null[table_key(table)][column] = column
    return NOTHING


@_rule(r"alter table NAME add constraint (\w+) primary key \(([^)]*)\)")
def _add_key(asked: Asked) -> pa.Table | str:
    known, columns = asked.session.facts, asked.found[3].split(", ")
    table = table_key(asked.found[1])
    # As Unity Catalog refuses it.
    if missing := set(columns) - set(known.not_null[table]):
        raise ValueError(f"[PRIMARY_KEY_COLUMNS_NULLABLE] {table}: {missing}")
    known.primary_keys[table][asked.found[2]] = ",".join(columns)
    return NOTHING


@_rule(r"show grants on (?:table )?NAME")
def _show_grants(asked: Asked) -> pa.Table | str:
    table = asked.found[1]
    held = asked.session.facts.grants[table_key(table)].items()
    rows: list[tuple[object, ...]] = [(who, what.upper(), "TABLE", table) for who, what in held]
    return _texts("Principal", "ActionType", "ObjectType", "ObjectKey", rows=rows)


@_rule(r"grant (\w+) on (?:table )?NAME to `([^`]+)`")
def _grant(asked: Asked) -> pa.Table | str:
    asked.session.facts.grants[table_key(asked.found[2])][asked.found[3]] = asked.found[1].upper()
    return NOTHING
