"""The source systems of the compose profile `sources`, as far as they need no server."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from customer360.settings import PROJECT_ROOT
from customer360.sources import SOURCES
from customer360.sources.copies import FilesCopy, PagesCopy, TableCopy
from customer360_tests.data_factory.world import SOCIAL
from customer360_tests.source_systems import crm
from customer360_tests.source_systems.api import PagedApi
from customer360_tests.source_systems.world import SimulatedWorld, copied_from

START, HEADER = date(2026, 1, 1), "Bearer hunter2"
DAY_AFTER = "since=2026-01-02T00%3A00%3A00Z&until=2026-01-03T00%3A00%3A00Z"


class _Tables:
    """Takes what the crm is given."""

    def __init__(self) -> None:
        self.rows: Mapping[str, Sequence[Mapping[str, Any]]] = {}

    def replace(self, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        self.rows = tables


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> SimulatedWorld:
    made = SimulatedWorld(tmp_path_factory.mktemp("sources") / "world")
    made.simulate(customers=60, days=3, seed=1, start=START)
    return made


def _asked(api: PagedApi, path: str, query: str) -> list[Any]:
    """Records of all pages."""
    records: list[Any] = []
    following: str | None = f"{SOCIAL}/{path}?{query}"
    while following:
        place, _, query = following.removeprefix(SOCIAL).partition("?")
        status, page = api.answer(place, query, HEADER)
        assert status == 200
        records += page["items"]
        following = page["next"]
    return records


def test_the_crm_has_every_table_and_column_that_is_copied_from_it() -> None:
    tables = dict(re.findall(r"create table if not exists (\S+) \(([^;]*)\);", crm._TABLES))
    columns = {name: set(re.findall(r"(\w+) \w+[,)]", f"{text})")) for name, text in tables.items()}
    copied = [e for s in SOURCES for e in s.entities if isinstance(e.copied_from, TableCopy)]
    assert copied
    for entity in copied:
        read = {".".join(field.source_path) for field in entity.fields}
        assert columns[entity.copied_from.table] == read | {entity.copied_from.changed_at}


def test_every_system_has_its_part_of_the_world_once_however_often_it_is_filled(
    world: SimulatedWorld, tmp_path: Path
) -> None:
    tables, api, drop = _Tables(), PagedApi(HEADER, 500), tmp_path / "drop"
    for _ in range(2):
        world.fill(tables, api, drop)  # type: ignore[arg-type] # no server behind them
    contacts = list(world.records("crm", "contacts"))
    assert len(tables.rows["crm.contacts"]) == len(contacts) > 0
    assert tables.rows["crm.contacts"][0]["contact_id"] == contacts[0]["contact_id"]
    assert "" not in {v for row in tables.rows["crm.contacts"] for v in row.values()}
    assert tables.rows.keys() == {"crm.contacts", "crm.consents"}
    profiles = _asked(api, "v1/profiles", "since=2000-01-01T00:00:00Z&until=2100-01-01T00:00:00Z")
    assert sorted(map(str, profiles)) == sorted(map(str, world.records("social", "profiles")))
    dropped = {str(p.relative_to(drop)): p.read_bytes() for p in drop.rglob("*") if p.is_file()}
    landed = {
        f"{source}/{entity}/{path.parent.name[3:]}/{path.name}": path.read_bytes()
        for source, entity in (name.split("__", 1) for name in copied_from(FilesCopy))
        for path in (world.folder / "landing" / source / entity).glob("dt=*/*")
    }
    assert dropped == landed
    assert {name.split("/")[0] for name in dropped} >= {"pos", "ecommerce", "web", "catalog"}


def test_no_other_world_is_mixed_in(world: SimulatedWorld) -> None:
    with pytest.raises(ValueError, match="another"):
        world.simulate(customers=61, days=3, seed=1, start=START)


def test_every_entity_is_in_one_system() -> None:
    everywhere = [n for kind in (TableCopy, PagesCopy, FilesCopy) for n in copied_from(kind)]
    assert sorted(everywhere) == sorted(s.table(e.name) for s in SOURCES for e in s.entities)


@pytest.mark.parametrize("page_size", [1, 2, 3, 500])
def test_pages_hold_a_window_whole_and_nothing_else(page_size: int) -> None:
    api = PagedApi(HEADER, page_size)
    times = [
        "2026-01-02T23:59:59.999Z",
        "2026-01-01T23:59:59.999Z",
        "2026-01-02T00:00:00Z",
        "2026-01-03T00:00:00Z",
        "2026-01-03T00:30:00+01:00",
    ]
    api.put("v1/rows", "at", [{"at": time} for time in times])
    inside = [row["at"] for row in _asked(api, "v1/rows", DAY_AFTER)]
    assert inside == [times[2], times[4], times[0]]


@pytest.mark.parametrize("header", [None, "", "Bearer other"])
def test_who_does_not_show_the_header_gets_nothing(header: str | None) -> None:
    api = PagedApi(HEADER, 2)
    api.put("v1/rows", "at", [{"at": "2026-01-02T00:00:00Z"}])
    assert api.answer("/v1/rows", DAY_AFTER, header) == (401, {})
    assert api.answer("/v1/columns", DAY_AFTER, HEADER)[0] == 404


def test_the_stand_ins_are_in_no_image_but_their_own() -> None:
    dockerfile = (PROJECT_ROOT / "Dockerfile").read_text()
    stages = re.split(r"^FROM \S+(?: AS (\S+))?$", dockerfile, flags=re.MULTILINE)
    named = dict(zip(stages[1::2], stages[2::2], strict=True))
    assert [name for name, text in named.items() if "customer360_tests" in text] == ["sources"]
