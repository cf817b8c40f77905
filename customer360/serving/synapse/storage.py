"""Database, credential, data source, and the external tables over the files of gold."""

from __future__ import annotations

from collections.abc import Sequence

from customer360.serving.published import GoldColumn, GoldTable
from customer360.serving.synapse.names import (
    COLLATION,
    CREDENTIAL,
    CSV_FORMAT,
    DATA_SOURCE,
    DATABASE,
    DELTA_FORMAT,
    GOLD,
    LAKE,
    METRICS,
    SCHEMAS,
    batches,
    once,
    quoted,
    sql_type,
)


def database_script() -> str:
    """The database itself."""
    return batches(
        "USE master;",
        once(
            f"DB_ID(N'{DATABASE}') IS NULL",
            f"CREATE DATABASE {DATABASE} COLLATE {COLLATION}",
        ),
        f"USE {DATABASE};",
        # Created by hand, perhaps, and with the server's own collation.
        f"IF CAST(DATABASEPROPERTYEX(DB_NAME(), N'Collation') AS varchar(100)) <> '{COLLATION}'\n"
        f"    EXEC(N'ALTER DATABASE CURRENT COLLATE {COLLATION}');",
    )


def storage_script() -> str:
    """Schemas, and how files of the lake are reached: as the workspace's managed identity."""
    return batches(
        f"USE {DATABASE};",
        *(
            once(f"SCHEMA_ID(N'{name}') IS NULL", f"CREATE SCHEMA {name} AUTHORIZATION dbo")
            for name in SCHEMAS
        ),
        once(
            "NOT EXISTS (SELECT 1 FROM sys.symmetric_keys"
            " WHERE name = N'##MS_DatabaseMasterKey##')",
            "CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'$(MasterKeyPassword)'",
        ),
        once(
            "NOT EXISTS (SELECT 1 FROM sys.database_scoped_credentials"
            f" WHERE name = N'{CREDENTIAL}')",
            f"CREATE DATABASE SCOPED CREDENTIAL {CREDENTIAL} WITH IDENTITY = 'Managed Identity'",
        ),
        once(
            "EXISTS (SELECT 1 FROM sys.external_data_sources"
            f" WHERE name = N'{DATA_SOURCE}' AND location <> N'$(LakeUrl)')",
            "THROW 50000, 'The data source lake has another location than LakeUrl. The database "
            "holds no data: drop it, deploy again, add the people again.', 1",
        ),
        once(
            f"NOT EXISTS (SELECT 1 FROM sys.external_data_sources WHERE name = N'{DATA_SOURCE}')",
            f"CREATE EXTERNAL DATA SOURCE {DATA_SOURCE} "
            f"WITH (LOCATION = '$(LakeUrl)', CREDENTIAL = {CREDENTIAL})",
        ),
        _file_format(DELTA_FORMAT, "FORMAT_TYPE = DELTA"),
        _file_format(
            CSV_FORMAT,
            "FORMAT_TYPE = DELIMITEDTEXT, "
            "FORMAT_OPTIONS (FIELD_TERMINATOR = ',', STRING_DELIMITER = '\"', FIRST_ROW = 2)",
        ),
    )


def _file_format(name: str, options: str) -> str:
    return once(
        f"NOT EXISTS (SELECT 1 FROM sys.external_file_formats WHERE name = N'{name}')",
        f"CREATE EXTERNAL FILE FORMAT {name} WITH ({options})",
    )


def tables_script(tables: Sequence[GoldTable]) -> str:
    """One external table for each gold table, with the types of its contract."""
    statements = [f"USE {DATABASE};"]
    for table in tables:
        columns = [(column.name, _declared(column)) for column in table.columns]
        statements += external_table(
            f"{LAKE}.{table.key.table}", columns, f"{table.key.path}/", DELTA_FORMAT
        )
    return batches(*statements)


def external_table(
    name: str, columns: Sequence[tuple[str, str]], location: str, file_format: str
) -> list[str]:
    """Statements that put an external table in the place of the one before it, if any.

    There is no other way to change one; a reader in between is told that it does not exist.
    """
    declared = ",\n".join(f"    {quoted(column)} {kind}" for column, kind in columns)
    place = f"LOCATION = '{location}', DATA_SOURCE = {DATA_SOURCE}, FILE_FORMAT = {file_format}"
    return [
        once(f"OBJECT_ID(N'{name}') IS NOT NULL", f"DROP EXTERNAL TABLE {name}"),
        f"CREATE EXTERNAL TABLE {name} (\n{declared}\n) WITH (\n    {place}\n);",
    ]


def _declared(column: GoldColumn) -> str:
    kind = sql_type(column)
    return f"{kind} COLLATE {COLLATION}" if kind.startswith("varchar") else kind


def clean_up_script(tables: Sequence[GoldTable], measured: Sequence[str]) -> str:
    """Drop what an earlier deployment made and gold no longer has.

    Args:
        tables: The tables of gold.
        measured: Names of tables that figures are made of.
    """
    names = [table.key.table for table in tables]
    return batches(
        f"USE {DATABASE};",
        _drop_others("VIEW", GOLD, "V", names),
        _drop_others("EXTERNAL TABLE", LAKE, "U", names),
        _drop_others("FUNCTION", METRICS, "IF", measured),
    )


def _drop_others(kind: str, schema: str, catalog_type: str, keep: Sequence[str]) -> str:
    kept = ", ".join(f"N'{name}'" for name in keep)
    drop = f"CAST(N'DROP {kind} {schema}.' + QUOTENAME(o.name) + N';' AS nvarchar(max))"
    return (
        "DECLARE @others nvarchar(max) = (\n"
        f"    SELECT STRING_AGG({drop}, N' ')\n"
        "    FROM sys.objects AS o\n"
        f"    WHERE SCHEMA_NAME(o.schema_id) = N'{schema}' AND o.type = '{catalog_type}'\n"
        f"        AND o.name NOT IN ({kept})\n"
        ");\n"
        "IF @others IS NOT NULL EXEC(@others);"
    )
