"""Schemas of a catalog that outlives the run: whose lake they hold.

A catalog in a cluster or in Unity Catalog knows one location per table. Tables of another lake by
the same names would be read, and written, without a word; so a schema bears its lake's URL. dbt
does the same for its warehouse (`customer360_dbt/macros/register_tables.sql`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from customer360.errors import EngineError

if TYPE_CHECKING:
    from pyspark.sql.connect.session import SparkSession

LAKE_PROPERTY: Final = "customer360.lake"


def claim_schema(session: SparkSession, schema: str, lake_url: str) -> None:
    """Make a schema for this lake, or see that it is this lake's.

    Raises:
        EngineError: It holds another lake's tables.
    """
    session.sql(f"create schema if not exists {schema}")
    described = session.sql(f"describe schema extended {schema}").collect()
    properties = "".join(str(row[1]) for row in described if row[0] == "Properties")
    if f"({LAKE_PROPERTY}," not in properties:
        session.sql(f"alter schema {schema} set dbproperties ('{LAKE_PROPERTY}' = '{lake_url}')")
    elif f"({LAKE_PROPERTY},{lake_url})" not in properties:
        raise EngineError(
            f"Schema {schema} belongs to another lake than {lake_url}: {properties}. Name another "
            "catalog in C360_CATALOG or another cluster, or drop the schema: the lake's files stay."
        )
