"""`customer360 docs`: the documentation site, made and served."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Final

import dagster as dg

from customer360 import keys
from customer360.build import build_definitions
from customer360.resources.dbt import read_manifest
from customer360.serving.lineage_file import ensure_lineage, read_lineage
from customer360.serving.site.build import START, build_pages, write_site
from customer360.serving.site.graph import BEHIND_GOLD, Node
from customer360.serving.site.links import page_about
from customer360.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from rich.console import Console

    from customer360.settings import Settings

_HOST: Final = "127.0.0.1"
_PORT: Final = 8080


def make_site(settings: Settings, console: Console, folder: Path) -> None:
    """Make the site and say where it is.

    Raises:
        SiteError: The folder holds something else, or a link of the documentation leads nowhere.
    """
    manifest = read_manifest(settings)
    ensure_lineage(settings)
    nodes = list(graph_nodes(build_definitions(settings)))
    files = build_pages(PROJECT_ROOT, manifest, read_lineage(settings), nodes)
    write_site(folder, files)
    console.print(f"{len(files)} files. Open {(folder / START).resolve()}", soft_wrap=True)


def serve_site(console: Console, folder: Path) -> None:
    """Serve the site on this machine until interrupted."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer((_HOST, _PORT), handler) as server:
        console.print(f"http://{_HOST}:{_PORT}/ (Ctrl-C stops it)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            console.print()


def graph_nodes(definitions: dg.Definitions) -> Iterator[Node]:
    """All assets of the graph as the picture shows them."""
    graph = definitions.resolve_asset_graph()
    for key in sorted(graph.get_all_asset_keys()):
        asset = graph.get(key)
        layer = key.path[0]
        is_behind_gold = any(parent.path[0] == keys.GOLD for parent in asset.parent_keys)
        group = asset.group_name or layer
        if layer in (keys.GOLD, *keys.VIEW_SCHEMAS):
            group = layer
        elif layer == keys.OPS and is_behind_gold:
            group = BEHIND_GOLD
        yield Node(
            name="/".join(key.path),
            group=group,
            description=(asset.description or "").strip().partition("\n")[0],
            href=page_about(key.path),
            upstream=tuple("/".join(parent.path) for parent in sorted(asset.parent_keys)),
        )
