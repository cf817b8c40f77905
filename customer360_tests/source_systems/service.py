"""The source systems of the compose profile `sources`, and a Data Factory that copies from them.

`python -m customer360_tests.source_systems.service`: simulates a world into a folder, fills the
crm, the API and the drop folder with it, and serves the API and the factory until it is ended. A
restart finds everything there and fills crm and API again, so nothing is double. The factory's runs
are in memory: one that a restart ends is unknown afterwards.
"""

from __future__ import annotations

import logging
import secrets
import signal
import sys
import threading
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

import click
import psycopg
from upath import UPath

from customer360.landing.deliver import write_whole
from customer360.settings import PROJECT_ROOT
from customer360.sources.copies import TableCopy
from customer360_tests.data_factory.pipelines import StandInFactory
from customer360_tests.data_factory.server import serving
from customer360_tests.data_factory.world import CRM, SOCIAL, deployed
from customer360_tests.loopback import LOOPBACK
from customer360_tests.source_systems.api import PagedApi
from customer360_tests.source_systems.crm import Crm
from customer360_tests.source_systems.world import SimulatedWorld, copied_from

_EXPORT = "export.jsonl"
_FOLDER = click.Path(file_okay=False, path_type=Path)
_LOG = logging.getLogger(__name__)


@click.command(context_settings={"auto_envvar_prefix": "SOURCES", "show_default": True})
@click.option("--lake", type=_FOLDER, required=True, help="Lake into whose landing zone is copied.")
@click.option("--folder", type=_FOLDER, required=True, help="Folder of the world and the drops.")
@click.option("--database", required=True, help="URL of PostgreSQL, where the crm is made.")
@click.option("--password-file", type=click.File(), required=True, help="Password of its user.")
@click.option("--host", default=LOOPBACK, help="Address to serve on.")
@click.option("--port", default=8080, help="Port of the Data Factory.")
@click.option("--api-port", default=8081, help="Port of the API.")
@click.option("--page-size", default=500, help="Records on a page of the API.")
@click.option("--customers", default=500, help="People in the world.")
@click.option("--days", default=14, help="Days that have happened.")
@click.option("--seed", default=1, help="Decides everything that is drawn.")
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), default="2026-01-01", help="First day.")
def main(
    lake: Path,
    folder: Path,
    database: str,
    password_file: TextIO,
    host: str,
    port: int,
    api_port: int,
    page_size: int,
    customers: int,
    days: int,
    seed: int,
    start: datetime,
) -> None:
    """Serve source systems and a Data Factory until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    world, drop = SimulatedWorld(folder / "world"), folder / "drop"
    # Made here, and known to nobody else: the factory has them as its vault's secrets.
    password, authorization = secrets.token_urlsafe(), f"Bearer {secrets.token_urlsafe()}"
    crm, api = Crm(database, password_file.read().strip()), PagedApi(authorization, page_size)
    try:
        world.simulate(customers=customers, days=days, seed=seed, start=start.date())
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    try:
        crm.make(password)
    except psycopg.OperationalError as error:
        raise click.ClickException(f"PostgreSQL: {error}") from error
    world.fill(crm, api, drop)
    (lake / "landing").mkdir(parents=True, exist_ok=True)
    _land_what_was_before(crm, lake, start.date())
    with api.serving(host, api_port) as pages:
        hosts = {CRM: crm.authority, SOCIAL: urlsplit(pages).netloc}
        around = deployed(lake, drop, hosts, crm=password, social=authorization)
        factory = StandInFactory(PROJECT_ROOT / "adf", around)
        with serving(factory, host, port) as endpoint:
            _LOG.info("API on %s, Data Factory on %s", pages, endpoint)
            threading.Event().wait()


def _land_what_was_before(crm: Crm, lake: Path, start: date) -> None:
    """Land once, for the day before the first, what the crm had then: an export of it.

    One window of the factory over all that time would not do: it lands on the day on which it
    begins, and records that changed after their landing day are quarantined.
    """
    for entity, copy in copied_from(TableCopy).items():
        folder = UPath(lake, "landing", *entity.split("__", 1), f"dt={start - timedelta(days=1)}")
        exported = crm.export(copy.table, copy.changed_at, start)
        if exported and not (folder / _EXPORT).exists():
            write_whole(folder / _EXPORT, exported)


if __name__ == "__main__":
    main()
