"""Which columns a column is made of, read from the SQL that dbt compiled.

Only what a value consists of counts: joins, filters, groups and the partitions of windows decide
which rows there are, not what is in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from customer360.errors import Customer360Error
from customer360.serving.published import GoldTable

if TYPE_CHECKING:
    from sqlglot import exp

_DIALECT: Final = "spark"
# A yes or no about a person's data is not the data: whether somebody may be called, not the number.
_NEVER_PERSONAL: Final = "boolean"


class LineageError(Customer360Error):
    """The SQL of a model cannot be followed."""


class ColumnKey(NamedTuple):
    """A column of a table or view.

    Attributes:
        schema: Schema, which is the layer of a table.
        table: Table or view.
        column: Column.
    """

    schema: str
    table: str
    column: str

    @property
    def sql(self) -> str:
        """`schema.table.column`."""
        return ".".join(self)


# Columns → the columns of the next tables and views above that their values consist of, sorted.
Lineage = Mapping[ColumnKey, Sequence[ColumnKey]]


def compute_lineage(manifest: Mapping[str, Any]) -> dict[ColumnKey, list[ColumnKey]]:
    """The lineage of all columns of a project's models and snapshots.

    Args:
        manifest: The manifest of a compiled dbt project: models with their `compiled_code`.

    Raises:
        LineageError: The SQL of a model cannot be read; the message names it.
    """
    known: dict[str, dict[str, dict[str, str]]] = {}
    for source in manifest["sources"].values():
        if source["columns"]:
            columns = dict.fromkeys(source["columns"], "string")
            known.setdefault(source["schema"], {})[source["name"]] = columns
    found: dict[ColumnKey, list[ColumnKey]] = {}
    for node in _in_order(manifest):
        made_of = _columns(node, known)
        # A snapshot has columns of its own besides those that it selects.
        columns = dict.fromkeys([*made_of, *node["columns"]], "string")
        known.setdefault(node["schema"], {})[node["name"]] = columns
        for column, parents in made_of.items():
            found[ColumnKey(node["schema"], node["name"], column)] = parents
    return found


def _in_order(manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Models and snapshots, each after those that it reads."""
    waiting = {
        name: node
        for name, node in manifest["nodes"].items()
        if node["resource_type"] in ("model", "snapshot")
    }
    while waiting:
        ready = [n for n, v in waiting.items() if not waiting.keys() & {*v["depends_on"]["nodes"]}]
        for name in ready:
            yield waiting.pop(name)


def _columns(
    node: Mapping[str, Any], known: dict[str, dict[str, dict[str, str]]]
) -> dict[str, list[ColumnKey]]:
    """Columns of one model, each with what it is made of."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.lineage import lineage
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.optimizer.scope import build_scope

    try:
        query: Any = sqlglot.parse_one(node["compiled_code"], dialect=_DIALECT)
        for window in query.find_all(exp.Window):
            window.set("partition_by", None)
        query = qualify(query, schema=known, dialect=_DIALECT, validate_qualify_columns=False)
        scope = build_scope(query)
        names = query.named_selects
        return {
            name: sorted(
                {
                    _key(step.expression, step.name)
                    for step in lineage(
                        name, query, scope=scope, dialect=_DIALECT, trim_selects=False, copy=False
                    ).walk()
                    if isinstance(step.expression, exp.Table)
                }
            )
            for name in names
        }
    except sqlglot.errors.SqlglotError as error:
        raise LineageError(f"The SQL of {node['name']} cannot be followed: {error}") from error


def _key(table: exp.Table, name: str) -> ColumnKey:
    return ColumnKey(table.db, table.name, name.rpartition(".")[2].strip('`"'))


def origins(lineage: Lineage, column: ColumnKey) -> list[ColumnKey]:
    """The columns of sources that a column is made of in the end, sorted; itself when of none."""
    found: set[ColumnKey] = set()
    seen: set[ColumnKey] = set()
    waiting = [column]
    while waiting:
        at = waiting.pop()
        if at in seen:
            continue
        seen.add(at)
        if at in lineage:
            waiting += lineage[at]
        else:
            found.add(at)
    return sorted(found)


def personal_sources(manifest: Mapping[str, Any]) -> set[ColumnKey]:
    """Columns of the sources that are marked as personal."""
    return {
        ColumnKey(source["schema"], source["name"], name)
        for source in manifest["sources"].values()
        for name, column in source["columns"].items()
        if column["config"]["meta"].get("pii")
    }


def unmarked_columns(
    lineage: Lineage, tables: Sequence[GoldTable], personal: set[ColumnKey]
) -> list[str]:
    """Gold columns made of personal ones that are not marked so, in words.

    A column that says `pii: false` has been decided about; a boolean tells nothing personal.

    Args:
        lineage: Lineage of all columns.
        tables: The gold tables.
        personal: The personal columns of sources.
    """
    found = []
    for table in tables:
        for column in table.columns:
            if column.is_personal is not None or column.data_type == _NEVER_PERSONAL:
                continue
            key = ColumnKey(*table.key, column.name)
            of = [origin.sql for origin in origins(lineage, key) if origin in personal]
            if of:
                found.append(
                    f"{key.sql} is made of {', '.join(of)}: mark it `pii: true` below config.meta "
                    "of its yml, or `pii: false` where it tells nothing of a person"
                )
    return found
