"""What the adapter asks about tables, answered from Spark's catalog and the warehouse's facts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from pyspark.errors import PySparkException

from customer360_tests.warehouse.facts import Facts
from customer360_tests.warehouse.text import parts

if TYPE_CHECKING:
    from pyspark.sql.connect.session import SparkSession

# The catalog's name on both sides, so that no statement has to be rewritten for it.
CATALOG: Final = "spark_catalog"
OWNER: Final = "standin"
# Views of information_schema and their columns, as far as the adapter reads them.
INFORMATION: Final = {
    "tables": "table_catalog string, table_schema string, table_name string, table_type string, "
    "data_source_format string, table_owner string, comment string, last_altered timestamp",
    "columns": "table_catalog string, table_schema string, table_name string, column_name string, "
    "ordinal_position int, full_data_type string, comment string",
    "row_filters": "table_catalog string, table_schema string, table_name string, "
    "filter_name string, target_columns string",
}
_JSON_NAMES: Final = {"long": "bigint", "integer": "int", "timestamp": "timestamp_ltz"}


class Catalog:
    """Answers about the tables that one session sees."""

    def __init__(self, session: SparkSession, facts: Facts) -> None:
        self._session, self._facts = session, facts

    def _rows(self, statement: str) -> list[dict[str, Any]]:
        return [row.asDict() for row in self._session.sql(statement).collect()]

    def tables(self, schema: str, names: str = "*") -> Iterator[tuple[str, dict[str, str]]]:
        """(name, facts that Spark lists) of the tables and views of a schema."""
        if not self._session.catalog.databaseExists(schema):
            return
        for row in self._rows(f"show table extended in `{schema}` like '{names}'"):
            if not row["isTemporary"]:
                listed = re.findall(r"^(\w[\w ]*): (.*)$", row["information"], re.MULTILINE)
                yield row["tableName"], dict(listed)

    def information(self, view: str, statement: str) -> str:
        """Make a view of information_schema for the schema that a statement asks about.

        Returns:
            The name of the temporary view that stands for it.
        """
        (schema,) = set(re.findall(r"table_schema\s*=\s*'([^']*)'", statement, re.IGNORECASE))
        rows = list(getattr(self, f"_{view}")(schema))
        name = f"information_{view}"
        self._session.createDataFrame(rows, INFORMATION[view]).createOrReplaceTempView(name)
        return name

    def _row_filters(self, _: str) -> Iterator[tuple[Any, ...]]:
        yield from ()

    def _tables(self, schema: str) -> Iterator[tuple[Any, ...]]:
        for name, listed in self.tables(schema):
            kind, form = listed["Type"], listed.get("Provider", "unknown").upper()
            comment = listed.get("Comment")
            yield CATALOG, schema, name, kind, form, OWNER, comment, None

    def _columns(self, schema: str) -> Iterator[tuple[Any, ...]]:
        for table, _ in self.tables(schema):
            for position, (name, kind, comment) in enumerate(self.columns(schema, table), start=1):
                yield CATALOG, schema, table, name, position, kind, comment

    def columns(self, schema: str, table: str) -> Iterator[tuple[str, str, str | None]]:
        """(name, type, comment) of a table's or view's columns."""
        for row in self._rows(f"describe table `{schema}`.`{table}`"):
            if not row["col_name"] or row["col_name"].startswith("#"):
                return
            yield row["col_name"], row["data_type"], row["comment"]

    def as_json(self, name: str) -> str:
        """`describe table extended … as json`, which Spark refuses for Delta tables."""
        try:
            (row,) = self._rows(f"describe table extended {name} as json")
            return str(row["json_metadata"])
        except PySparkException as error:
            if error.getCondition() != "NOT_SUPPORTED_COMMAND_FOR_V2_TABLE":
                raise
        schema, table = parts(name)[-2:]
        columns = self._session.table(f"`{schema}`.`{table}`").schema.jsonValue()["fields"]
        described = {
            "table_name": table,
            "catalog_name": CATALOG,
            "namespace": [schema],
            "schema_name": schema,
            "type": "EXTERNAL",
            "provider": "delta",
            "columns": [_json_column(column) for column in columns],
        }
        return json.dumps(described)

    def extended(self, schema: str, names: str) -> Iterator[tuple[str, str, bool, str]]:
        """`show table extended` with the columns, which Spark leaves out for Delta tables."""
        for table, listed in self.tables(schema, names):
            told = {"Catalog": CATALOG, "Database": schema, "Table": table, "Owner": OWNER}
            told |= {n: listed[n] for n in ("Type", "Provider", "Comment") if n in listed}
            lines = [f"{name}: {value}" for name, value in told.items()] + ["Schema: root"]
            lines += [
                f" |-- {name}: {kind} (nullable = true)"
                for name, kind, _ in self.columns(schema, table)
            ]
            yield schema, table, False, "\n".join(lines) + "\n"


def _json_column(column: dict[str, Any]) -> dict[str, Any]:
    described = {"name": column["name"], "nullable": column["nullable"]}
    comment = column["metadata"].get("comment")
    kind = str(column["type"])
    sizes = re.fullmatch(r"decimal\((\d+),(\d+)\)", kind)
    named: dict[str, Any] = {"name": _JSON_NAMES.get(kind, kind)}
    if sizes:
        named = {"name": "decimal", "precision": int(sizes[1]), "scale": int(sizes[2])}
    return described | {"type": named} | ({"comment": comment} if comment else {})
