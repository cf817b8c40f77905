"""Names of tables: one key is asset key, schema and table in the catalog, and path in the lake.

No other module joins a layer and a table name by hand.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from customer360.errors import MissingTableError

# Files, no tables: no layer of the lake's catalog.
LANDING: Final = "landing"
# What shows gold elsewhere: no table of the lake.
POWER_BI: Final = "power_bi"
BRONZE: Final = "bronze"
SILVER: Final = "silver"
QUARANTINE: Final = "quarantine"
GOLD: Final = "gold"
OPS: Final = "ops"
LAYERS: Final = (BRONZE, SILVER, QUARANTINE, GOLD, OPS)
# Of dbt's views: schemas of the catalog, nothing in the lake.
VIEW_SCHEMAS: Final = ("staging", "intermediate")


class TableKey(NamedTuple):
    """Layer and table name of one lake table."""

    layer: str
    table: str

    @property
    def sql(self) -> str:
        """`schema.table`, as SQL and dbt name it."""
        return f"{self.layer}.{self.table}"

    @property
    def path(self) -> str:
        """Path below the lake's URL."""
        return f"{self.layer}/{self.table}"


# What the platform knows about itself (layer ops).
LOADS: Final = TableKey(OPS, "loads")
REFRESHES: Final = TableKey(OPS, "refreshes")
LEDGER: Final = TableKey(OPS, "ledger")
RECONCILIATION: Final = TableKey(OPS, "reconciliation")
IDENTITY_HEALTH: Final = TableKey(OPS, "identity_health")
WATERMARKS: Final = TableKey(OPS, "watermarks")
QUARANTINE_DECISIONS: Final = TableKey(OPS, "quarantine_decisions")
REBUILDS: Final = TableKey(OPS, "rebuilds")
CHECK_RESULTS: Final = TableKey(OPS, "check_results")


def parse(name: str) -> TableKey:
    """The table that somebody names, as `gold.fct_orders` or `gold/fct_orders`.

    Raises:
        MissingTableError: Not the name of a table of the lake.
    """
    layer, _, table = name.replace("/", ".").partition(".")
    if layer not in LAYERS or not re.fullmatch(r"\w+", table):
        raise MissingTableError(
            f"{name!r} is not the name of a table: expected <layer>.<table>, as gold.fct_orders, "
            f"with the layer one of {', '.join(LAYERS)}. `customer360 status` lists all tables."
        )
    return TableKey(layer, table)


def bronze(entity: str) -> TableKey:
    """Raw records of an entity (`<source>__<entity>`)."""
    return TableKey(BRONZE, entity)


def silver(entity: str) -> TableKey:
    """Typed current rows of an entity or of one of its child tables."""
    return TableKey(SILVER, entity)


def quarantine(entity: str) -> TableKey:
    """Records of an entity that cannot be used."""
    return TableKey(QUARANTINE, entity)


def gold(model: str) -> TableKey:
    """The table of a dbt model or snapshot."""
    return TableKey(GOLD, model)


# The one view per customer.
CUSTOMER_360: Final = gold("customer_360")
# What finds a customer, former ids too.
CUSTOMER_SEARCH: Final = gold("customer_search")


def outranked(entity: str) -> TableKey:
    """Records of an entity that another one stands for: superseded, duplicate, repaired."""
    return TableKey(OPS, f"{entity}_outranked")


def repairs(entity: str) -> TableKey:
    """Which record of an entity says that it repairs which other."""
    return TableKey(OPS, f"{entity}_repairs")
