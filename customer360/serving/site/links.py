"""Which page of the site describes an asset: links of the picture, and of assets in Dagster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from customer360 import keys
from customer360.identity import contract as identity
from customer360.serving.site.frame import DBT, DICTIONARY

_GUIDES: Final = {
    keys.QUARANTINE: "guides/quarantine.html",
    keys.OPS: "guides/runbook.html",
    keys.POWER_BI: "guides/power-bi.html",
}
_IDENTITY: Final = "guides/identity.html"
# Everything else comes from what landed.
_SOURCES: Final = "guides/landing.html"


def page_about(path: Sequence[str]) -> str:
    """The page about an asset, from the site's root.

    Args:
        path: The asset's key.
    """
    layer, table = path[0], path[-1]
    if layer == keys.GOLD and not table.endswith("_snapshot"):
        return f"{DICTIONARY}#{table}"
    if layer in (keys.GOLD, *keys.VIEW_SCHEMAS):
        kind = "snapshot" if layer == keys.GOLD else "model"
        return f"{DBT}#!/{kind}/{kind}.customer360.{table}"
    if layer == "exposure":
        return f"{DBT}#!/exposure/exposure.customer360.{table}"
    if keys.TableKey(layer, table) in identity.TABLES or "identity" in table:
        return _IDENTITY
    return _GUIDES.get(layer, _SOURCES)
