"""Resources by role, never by product; `build_resources` binds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from customer360.settings import Settings


def build_resources(settings: Settings) -> dict[str, Any]:
    """The resources for some settings.

    What differs between environments is in the settings' own table (`settings.ENVIRONMENTS`); here
    each role is bound to what the settings name.
    """
    import dagster as dg

    from customer360.resources.dbt import build_dbt
    from customer360.resources.engine import EngineResource
    from customer360.resources.held_lake import build_lake
    from customer360.resources.ingestion import build_ingestion
    from customer360.resources.session import server_of

    lake = build_lake(settings.lake)
    start = dg.ResourceDefinition.hardcoded_resource(lambda: server_of(settings))
    return {
        "lake": lake,
        "engine": EngineResource(kind=settings.engine, lake=lake, start=start),
        "dbt": build_dbt(settings),
        "ingestion": build_ingestion(settings),
    }
