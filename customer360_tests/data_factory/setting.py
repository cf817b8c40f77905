"""A lake, source systems and a served stand-in factory: what a test of copies begins with."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dagster as dg

from customer360.assets.landing import build_landing_assets
from customer360.automation.jobs import INGEST_JOB, build_ingest_job, range_tags
from customer360.automation.partitions import landing_days
from customer360.build import build_definitions
from customer360.resources.data_factory import DataFactory
from customer360.resources.lake import Lake
from customer360.resources.patience import Patience
from customer360.settings import PROJECT_ROOT, Settings, variable_name
from customer360.sources import SOURCES
from customer360_tests.data_factory.pipelines import StandInFactory
from customer360_tests.data_factory.server import GROUP, NAME, SUBSCRIPTION, serving
from customer360_tests.data_factory.world import SOCIAL, deployed
from customer360_tests.source_systems.api import PagedApi

READER_PASSWORD, _AUTHORIZATION = "crm-hunter2", "Bearer api-hunter2"
_PAGE_SIZE = 2
# Short, so that what takes minutes in Azure takes a moment here.
PATIENCE = Patience(first_poll=0.05, longest_poll=0.2, run=30, cancelling=20, vanished=0.6)


@dataclass
class Setting:
    """Everything around a test.

    Attributes:
        lake: The lake that copies land in.
        drop: Folder of the drop storage.
        api: The interface of the social networks.
        stand_in: The factory.
        settings: Settings that name it.
        ingestion: The resource under test, impatient.
    """

    lake: Lake
    drop: Path
    api: PagedApi
    stand_in: StandInFactory
    settings: Settings
    ingestion: DataFactory

    def definitions(self) -> dg.Definitions:
        """The platform with this factory."""
        return build_definitions(self.settings, resource_overrides={"ingestion": self.ingestion})

    def copy(
        self,
        instance: dg.DagsterInstance,
        entities: Sequence[str],
        first: date,
        last: date | None = None,
    ) -> dg.ExecuteInProcessResult:
        """Materialise landing assets for days."""
        return copy(self.settings, self.ingestion, instance, entities, first, last or first)

    def variables(self) -> dict[str, str]:
        """The settings as environment variables, for another process."""
        names = (
            "lake", "ingestion", "azure_subscription", "azure_resource_group", "data_factory",
            "data_factory_endpoint",
        )  # fmt: skip
        return {variable_name(name): str(getattr(self.settings, name)) for name in names}

    def only(self, entities: Sequence[str]) -> None:
        """Let the master's own list hold these entities alone."""
        master = self.stand_in.documents["pipeline/ingest_day.json"]["properties"]
        sources = master["parameters"]["sources"]
        listed = sources["defaultValue"]
        sources["defaultValue"] = [item for item in listed if item["entity"] in entities]

    def drop_file(self, entity: str, day: date, name: str, content: bytes) -> Path:
        """Let a system drop a file for a day."""
        path = self.drop / entity.replace("__", "/", 1) / day.isoformat() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def landed(self, entity: str, day: date) -> dict[str, bytes]:
        """Files that a reader of the landing zone sees, by name."""
        folder = Path(self.lake.landing) / entity.replace("__", "/", 1) / f"dt={day}"
        return {path.name: path.read_bytes() for path in folder.glob("*") if path.is_file()}


def copy(
    settings: Settings,
    ingestion: DataFactory,
    instance: dg.DagsterInstance,
    entities: Sequence[str],
    first: date,
    last: date,
) -> dg.ExecuteInProcessResult:
    """Materialise landing assets for days, in a graph of nothing else, which is there at once."""
    definitions = dg.Definitions(
        assets=build_landing_assets(SOURCES, landing_days(settings), settings),
        jobs=[build_ingest_job()],
        resources={"ingestion": ingestion},
    )
    return definitions.resolve_job_def(INGEST_JOB).execute_in_process(
        instance=instance,
        asset_selection=[dg.AssetKey(["landing", entity]) for entity in entities],
        tags=range_tags(first, last),
        raise_on_error=False,
    )


@contextlib.contextmanager
def data_factory(
    lake: Lake, folder: Path, hosts: Mapping[str, str] | None = None
) -> Iterator[Setting]:
    """Serve a factory that copies into a lake.

    Args:
        lake: The lake.
        folder: Folder for the drop storage.
        hosts: Where further hosts are that linked services name.
    """
    drop, api = folder / "drop", PagedApi(_AUTHORIZATION, _PAGE_SIZE)
    drop.mkdir(parents=True)
    Path(lake.landing).mkdir(parents=True)
    world = deployed(Path(lake.url), drop, hosts or {}, crm=READER_PASSWORD, social=_AUTHORIZATION)
    stand_in = StandInFactory(PROJECT_ROOT / "adf", world)
    named: dict[str, Any] = {
        "azure_subscription": SUBSCRIPTION,
        "azure_resource_group": GROUP,
        "data_factory": NAME,
    }
    with api.serving() as pages, serving(stand_in) as endpoint:
        world.hosts[SOCIAL] = urlsplit(pages).netloc
        settings = Settings(
            lake=lake.url, ingestion="data_factory", data_factory_endpoint=endpoint, **named
        )
        ingestion = DataFactory(SUBSCRIPTION, GROUP, NAME, endpoint, PATIENCE)
        yield Setting(lake, drop, api, stand_in, settings, ingestion)
        stand_in.faults.released.set()
        stand_in.wait()
