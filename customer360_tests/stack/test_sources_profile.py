"""The service of the compose profile `sources` as a process, and a day copied from it.

PostgreSQL, the API and the Data Factory are reached as the platform reaches them: over Azure's own
client and HTTP. What lands is compared with the files of the simulated world behind the systems.
"""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from customer360.resources.data_factory import DataFactory
from customer360.resources.lake import Lake
from customer360.settings import PROJECT_ROOT, Settings
from customer360.sources import SOURCES
from customer360.sources.copies import FilesCopy, TableCopy
from customer360.sources.spec import Kind
from customer360_tests.builders import DAY
from customer360_tests.data_factory.server import GROUP, NAME, SUBSCRIPTION
from customer360_tests.data_factory.setting import PATIENCE, copy
from customer360_tests.postgres import PASSWORD, postgres
from customer360_tests.source_systems.crm import Crm
from customer360_tests.source_systems.world import SimulatedWorld, copied_from, landed_records

pytestmark = pytest.mark.stack

START, DAYS = date(2026, 1, 1), 3
_PATIENCE_SECONDS = 120
_CLOCKS = {s.table(e.name): e.clock for s in SOURCES for e in s.entities}
_SERVING = re.compile(r"API on \S+, Data Factory on (\S+)")


class Service:
    """The running process.

    Attributes:
        process: The process.
        lake: The lake it copies into.
        factory: Its Data Factory, as the platform sees it.
    """

    def __init__(self, process: subprocess.Popen[bytes], lake: Lake, endpoint: str) -> None:
        self.process = process
        self.lake = lake
        self.factory = DataFactory(SUBSCRIPTION, GROUP, NAME, endpoint, PATIENCE)
        self._settings = Settings(
            lake=lake.url, ingestion="data_factory", data_factory_endpoint=endpoint,
            azure_subscription=SUBSCRIPTION, azure_resource_group=GROUP, data_factory=NAME,
        )  # fmt: skip

    def copy(self, entities: list[str], day: date) -> None:
        """Materialise the landing assets of a day."""
        with dg.DagsterInstance.ephemeral() as instance:
            assert copy(self._settings, self.factory, instance, entities, day, day).success

    def end(self) -> None:
        """End it as `docker stop` does."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=30) == 0


@contextlib.contextmanager
def _serving(crm: Crm, lake: Lake, folder: Path) -> Iterator[Service]:
    folder.mkdir(exist_ok=True)
    (folder / "password").write_text(crm.password)
    options = {
        "--lake": lake.url, "--folder": folder, "--database": crm.server,
        "--password-file": folder / "password", "--port": 0, "--api-port": 0,
        "--customers": 2000, "--days": DAYS, "--page-size": 2,
    }  # fmt: skip
    command = [sys.executable, "-m", "customer360_tests.source_systems.service"]
    command += [str(part) for option in options.items() for part in option]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=log, stderr=log)

    def said() -> str:
        return (folder / "log").read_text()

    try:
        _until(lambda: process.poll() is not None or _SERVING.search(said()), said)
        served = _SERVING.search(said())
        assert served, said()
        yield Service(process, lake, served[1])
    finally:
        process.kill()
        process.wait()


def _until(is_so: Callable[[], Any], said: Callable[[], Any]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, said()
        time.sleep(0.1)


def _landed(lake: Lake, entity: str, day: date) -> list[dict[str, Any]]:
    """Records that a reader of the landing zone finds, as a system has them."""
    return list(landed_records(lake.landing, *entity.split("__", 1), day))


def _comparable(entity: str, records: Iterable[dict[str, Any]]) -> list[str]:
    """Records as texts in an order: nothing is null, a moment is UTC."""
    specs = {source.table(each.name): each for source in SOURCES for each in source.entities}
    moments = {field.name for field in specs[entity].fields if field.kind is Kind.TIMESTAMP}

    def plain(name: str, value: Any) -> Any:
        return datetime.fromisoformat(value).astimezone(UTC) if name in moments else value

    return sorted(
        str(sorted((n, plain(n, v)) for n, v in record.items() if v not in (None, "")))
        for record in records
    )


def _everything(lake: Lake) -> dict[str, bytes]:
    """Every landed file."""
    landing = Path(lake.landing)
    files = (path for path in landing.rglob("*") if path.is_file() and "_incoming" not in str(path))
    return {str(path.relative_to(landing)): path.read_bytes() for path in files}


def test_a_day_lands_as_the_systems_have_it_and_a_restart_doubles_nothing(
    lake: Lake, tmp_path: Path
) -> None:
    world, entities = SimulatedWorld(tmp_path / "sources" / "world"), list(_CLOCKS)
    with postgres() as url:
        crm = Crm(url, PASSWORD)
        with _serving(crm, lake, tmp_path / "sources") as service:
            service.copy(entities, DAY)
            service.end()
        for entity in entities:
            here = list(world.records(*entity.split("__", 1), DAY))
            assert here or entity in copied_from(FilesCopy), entity
            assert _comparable(entity, _landed(lake, entity, DAY)) == _comparable(entity, here)
        # What there was before the first day lies there as an export.
        for entity in copied_from(TableCopy):
            begin = world.records(*entity.split("__", 1), START)
            before = [r for r in begin if r[_CLOCKS[entity]] < str(START)]
            assert len(before) > 1
            there = _landed(lake, entity, START - timedelta(days=1))
            assert _comparable(entity, there) == _comparable(entity, before)
        landed = _everything(lake)
        dropped = {name for name in landed if name.split("/")[0] not in ("crm", "social")}
        assert len(dropped) > 5
        for name in dropped:
            assert landed[name] == (world.folder / "landing" / name).read_bytes()
        with _serving(crm, lake, tmp_path / "sources") as service:
            service.copy(entities, DAY)
            service.end()
        assert _everything(lake) == landed
