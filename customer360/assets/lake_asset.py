"""How a table of the lake that one step makes is declared as an asset."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import dagster as dg

from customer360.keys import TableKey
from customer360.resources.held_lake import LAKE_POOL

OWNER = "customer-data@example.com"


def lake_asset(
    key: TableKey,
    deps: Iterable[Sequence[str]],
    description: str,
    kinds: set[str],
    checks: Sequence[dg.AssetCheckSpec] = (),
    *,
    group: str,
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """What identity and the tables of operations have in common.

    Args:
        key: The table.
        deps: What it is made of.
        description: What a row is.
        kinds: What it works with.
        checks: Checks that its step reports.
        group: Group in the UI.
    """
    return dg.asset(
        key=list(key),
        deps=[list(each) for each in deps],
        description=description,
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name=group,
        owners=[OWNER],
        kinds=kinds,
        pool=LAKE_POOL,
        check_specs=checks,
    )
