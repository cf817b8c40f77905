"""Landing folders as external assets: what other systems write and this graph reads."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from customer360.sources.spec import EntitySpec, SourceSpec


def landing_key(source: SourceSpec, entity: EntitySpec) -> dg.AssetKey:
    """Asset key of a landing folder."""
    return dg.AssetKey(["landing", source.table(entity.name)])


def build_landing_assets(sources: Sequence[SourceSpec]) -> list[dg.AssetSpec]:
    """One external asset per entity."""
    return [
        dg.AssetSpec(
            key=landing_key(source, entity),
            description=(
                f"{source.description} "
                f"Files under landing/{source.name}/{entity.name}/dt=YYYY-MM-DD/, "
                f"usually {entity.landing_format.value}. {entity.description}"
            ),
            group_name="landing",
            owners=[source.owner],
            kinds={entity.landing_format.value.partition(".")[0]},
            tags={"source": source.name},
        )
        for source in sources
        for entity in source.entities
    ]
