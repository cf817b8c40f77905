"""The documentation that dbt makes, as one page that needs no server and no connection.

dbt's own page with the manifest inside, and with the types of the contracts in the place of the
catalog that dbt would ask a database for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from customer360.serving.site.guides import SiteError

# What dbt's page holds where its documents belong (dbt-core 1.11, dbt/task/docs/generate.py).
_MANIFEST: Final = '"MANIFEST.JSON INLINE DATA"'
_CATALOG: Final = '"CATALOG.JSON INLINE DATA"'


def dbt_page(manifest: Mapping[str, Any]) -> str:
    """The page.

    Raises:
        SiteError: The page of the installed dbt has no place for the documents.
    """
    from dbt.task.docs import DOCS_INDEX_FILE_PATH

    page = Path(DOCS_INDEX_FILE_PATH).read_text(encoding="utf-8")
    for place, document in ((_MANIFEST, manifest), (_CATALOG, _catalog(manifest))):
        if place not in page:
            raise SiteError(
                f"{DOCS_INDEX_FILE_PATH}: found no {place}; expected dbt-core 1.11's page. "
                "See how dbt/task/docs/generate.py fills it in now."
            )
        # Inside a script element, a closing tag in a text would end the script.
        page = page.replace(place, json.dumps(document).replace("</", "<\\/"))
    return page


def _catalog(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Tables with the declared types of their columns, as dbt's catalog would have them."""
    return {
        "metadata": {},
        "nodes": _tables(manifest["nodes"]),
        "sources": _tables(manifest["sources"]),
        "errors": None,
    }


def _tables(nodes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        name: {
            "unique_id": name,
            "metadata": {
                "type": node["config"].get("materialized", "table"),
                "schema": node["schema"],
                "name": node["name"],
                "database": None,
                "comment": None,
                "owner": None,
            },
            "columns": {
                column["name"]: {
                    "name": column["name"],
                    "type": column["data_type"] or "",
                    "index": place,
                    "comment": None,
                }
                for place, column in enumerate(node["columns"].values(), start=1)
            },
            "stats": {},
        }
        for name, node in nodes.items()
        if node["columns"]
    }
