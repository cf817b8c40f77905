"""Schemas of a catalog that outlives the run: whose lake they hold.

A catalog in a cluster or in Unity Catalog knows one location per table. Tables of another lake, or
of somebody else, by the same names would be read, and written, without a word; so a schema bears
its lake's mark. dbt does the same for its warehouse (`customer360_dbt/macros/register_tables.sql`).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from customer360.errors import EngineError

if TYPE_CHECKING:
    from pyspark.sql.connect.session import SparkSession

LAKE_PROPERTY: Final = "customer360.lake"


def lake_mark(lake_url: str) -> str:
    """What stands for a lake in a schema's properties.

    Not the URL itself: an engine hides properties whose values hold words like `url` or `token`.
    """
    return hashlib.md5(lake_url.encode(), usedforsecurity=False).hexdigest()


def claim_schema(session: SparkSession, schema: str, lake_url: str) -> None:
    """Make a schema for this lake, or see that it is this lake's.

    Raises:
        EngineError: It holds another lake's tables, or somebody else's.
    """
    session.sql(f"create schema if not exists {schema}")
    described = session.sql(f"describe schema extended {schema}").collect()
    properties = "".join(str(row[1]) for row in described if row[0] == "Properties")
    mark = f"({LAKE_PROPERTY},{lake_mark(lake_url)})"
    if mark in properties:
        return
    is_another = f"({LAKE_PROPERTY}," in properties
    if is_another or not session.sql(f"show tables in {schema}").limit(1).isEmpty():
        whose = "belongs to another lake than" if is_another else "holds tables that are not of"
        raise EngineError(
            f"Schema {schema} {whose} {lake_url}. Name another catalog in C360_CATALOG or another "
            "cluster; or, if its tables are of no use, drop the schema: a lake's files stay."
        )
    session.sql(
        f"alter schema {schema} set dbproperties ('{LAKE_PROPERTY}' = '{lake_mark(lake_url)}')"
    )
