"""Starting the dashboard: what it needs is read once, then pages are served until it is stopped."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from customer360.resources.dbt import read_manifest
from customer360.serving.dashboard.app import Dashboard, build_app
from customer360.serving.dashboard.gold import GoldLake
from customer360.serving.dashboard.viewers import Viewers, require_loopback
from customer360.serving.metrics import read_metrics

if TYPE_CHECKING:
    from rich.console import Console

    from customer360.settings import Settings


def open_dashboard(settings: Settings, *, everybody: bool = False) -> Dashboard:
    """What the pages share; makes the dbt manifest if it is not there.

    Args:
        settings: The settings.
        everybody: Whoever reaches the dashboard sees personal data.
    """
    manifest = read_manifest(settings)
    return Dashboard(
        GoldLake(settings.lake),
        settings,
        Viewers(settings, everybody=everybody),
        read_metrics(manifest),
        {doc["name"]: doc["block_contents"] for doc in manifest["docs"].values()},
    )


def serve(
    settings: Settings, console: Console, *, host: str, port: int, show_personal_data: bool
) -> None:
    """Serve the dashboard until it is stopped.

    Args:
        settings: The settings.
        console: Where the address is told.
        host: Address to listen on.
        port: Port to listen on.
        show_personal_data: Everybody who reaches it sees personal data.

    Raises:
        SettingsError: That would be others than this machine's own.
    """
    import uvicorn

    if show_personal_data:
        require_loopback(host)
    dashboard = open_dashboard(settings, everybody=show_personal_data)
    console.print(f"Dashboard of {settings.lake}: http://{host}:{port} (Ctrl-C ends it)")
    if not show_personal_data and not settings.dashboard_roles:
        console.print("Names and addresses are masked; --show-personal-data shows them, here only.")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # Addresses of pages hold what was searched for: names and phone numbers do not belong in a log.
    uvicorn.run(
        build_app(dashboard),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        # Who is asking is told by the address of the connection; `viewers` believes only that.
        proxy_headers=False,
    )
