"""Who may see which rows and columns: places of users, roles, grants.

Readers must have no other way to the files than the views: `docs/synapse.md`, "What readers
cannot do".
"""

from __future__ import annotations

from typing import Final

from customer360.serving.published import GoldTable, PublishingError
from customer360.serving.synapse.names import (
    COLLATION,
    CREDENTIAL,
    CSV_FORMAT,
    DATABASE,
    GOLD,
    LAKE,
    METRICS,
    PII_READER,
    READER,
    SECURITY,
    batches,
    once,
)
from customer360.serving.synapse.storage import external_table

# The mapping is a file of the lake, as a serverless database has no tables of its own.
USER_REGIONS: Final = f"{SECURITY}.user_regions"
USER_REGIONS_FOLDER: Final = "security/user_regions/"
MY_PLACES: Final = f"{SECURITY}.my_places"
# In the mapping: every country, every region, and what has none.
EVERYWHERE: Final = "*"
_EVERYWHERE_ALONE: Final = f"'{EVERYWHERE}'"
USER_REGIONS_EXAMPLE: Final = (
    "user_name,country,region\n"
    "ada@example.com,*,*\n"
    "ben@example.com,DE,*\n"
    "cleo@example.com,DE,North\n"
    "cleo@example.com,DE,West\n"
)
_CUSTOMERS: Final = "dim_customers"
_STORES: Final = "dim_stores"


def security_script() -> str:
    """Places of users and roles; before the views, which use them."""
    text = f"varchar(200) COLLATE {COLLATION}"
    return batches(
        f"USE {DATABASE};",
        *external_table(
            USER_REGIONS,
            [("user_name", text), ("country", text), ("region", text)],
            USER_REGIONS_FOLDER,
            CSV_FORMAT,
        ),
        f"CREATE OR ALTER VIEW {MY_PLACES} AS\n"
        "SELECT u.country, u.region\n"
        f"FROM {USER_REGIONS} AS u\n"
        "WHERE LOWER(u.user_name) = LOWER(SUSER_SNAME());",
        *(
            once(f"DATABASE_PRINCIPAL_ID(N'{role}') IS NULL", f"CREATE ROLE {role}")
            for role in (READER, PII_READER)
        ),
    )


def grants_script() -> str:
    """What the two roles may do; granting again changes nothing."""
    return batches(
        f"USE {DATABASE};",
        f"ALTER ROLE {READER} ADD MEMBER {PII_READER};",
        f"GRANT SELECT ON SCHEMA::{GOLD} TO {READER};",
        f"GRANT SELECT ON SCHEMA::{METRICS} TO {READER};",
        # Whoever reads an external table uses its credential, also through a view.
        f"GRANT REFERENCES ON DATABASE SCOPED CREDENTIAL::{CREDENTIAL} TO {READER};",
        f"DENY SELECT ON SCHEMA::{LAKE} TO {READER};",
        f"DENY SELECT ON SCHEMA::{SECURITY} TO {READER};",
        # With the credential, OPENROWSET would read any file of the lake.
        f"DENY ADMINISTER DATABASE BULK OPERATIONS TO {READER};",
    )


def person_script() -> str:
    """Let one more person or group in: sqlcmd variables Login and Role."""
    return batches(
        "USE master;",
        once("SUSER_ID(N'$(Login)') IS NULL", "CREATE LOGIN [$(Login)] FROM EXTERNAL PROVIDER"),
        # Every login has it from the server's role public.
        "DENY ADMINISTER BULK OPERATIONS TO [$(Login)];",
        f"USE {DATABASE};",
        once(
            "DATABASE_PRINCIPAL_ID(N'$(Login)') IS NULL",
            "CREATE USER [$(Login)] FOR LOGIN [$(Login)]",
        ),
        "ALTER ROLE $(Role) ADD MEMBER [$(Login)];",
    )


def row_filter(table: GoldTable) -> tuple[str, str]:
    """How the rows of a table are narrowed to the places of who asks.

    A store has a country and a region, a customer a country. What is about no place is for all.

    Returns:
        A join and a condition, both empty where the table is about no place.
    """
    has = table.column_names
    if "store_key" in has and table.key.table != _STORES:
        return _joined(_STORES, "store_key"), _in_my_places("o.country", "o.region")
    if {"country", "region"} <= has:
        return "", _in_my_places("t.country", "t.region")
    if {"place_kind", "place"} <= has:
        # Totals of all regions, and of a channel, are for those who may see every place.
        region = "CASE WHEN t.place_kind = 'region' THEN t.place END"
        return "", _in_my_places(_EVERYWHERE_ALONE, region)
    if "country" in has:
        return "", _in_my_places("t.country")
    if "customer_id" in has:
        return _joined(_CUSTOMERS, "customer_id"), _in_my_places("o.country")
    return "", ""


def check_filters(tables: dict[str, GoldTable]) -> None:
    """Refuse a gold layer in which the tables that others are narrowed by are not as expected.

    Raises:
        PublishingError: One of them, or a column of it, is missing.
    """
    wanted = {_CUSTOMERS: {"customer_id", "country"}, _STORES: {"store_key", "country", "region"}}
    for name, columns in wanted.items():
        missing = columns - (tables[name].column_names if name in tables else set())
        if missing:
            raise PublishingError(
                f"Rows are narrowed by gold.{name}: expected columns {', '.join(sorted(columns))}, "
                f"missing {', '.join(sorted(missing))}. Change row_filter in "
                "customer360/serving/synapse/security.py along with the model."
            )


def _joined(table: str, key: str) -> str:
    return f"LEFT JOIN {LAKE}.{table} AS o ON o.{key} = t.{key}"


def _in_my_places(country: str, region: str = "") -> str:
    """Whether one of the places of who asks holds a row; text that is null is in none but `*`."""
    parts = [
        (column, value) for column, value in (("country", country), ("region", region)) if value
    ]
    wanted = " AND ".join(
        f"p.{c} = {v}" if v == _EVERYWHERE_ALONE else f"(p.{c} = '{EVERYWHERE}' OR p.{c} = {v})"
        for c, v in parts
    )
    return f"EXISTS (SELECT 1 FROM {MY_PLACES} AS p WHERE {wanted})"
