"""Customer and household ids stay from run to run, and the crosswalk tells what became of each."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from customer360.cli import main
from customer360.identity.clusters import customer_id
from customer360.identity.contract import (
    CUSTOMER_CROSSWALK,
    CUSTOMER_LINKS,
    CUSTOMER_MEMBERS,
    HOUSEHOLDS,
)
from customer360.identity.resolve import build_customers, build_households
from customer360.resources.lake import Lake
from customer360.resources.session import Engine
from customer360_tests.identity_world import WORLD, Row, create_silver, fill, resolve

HANA_AS_GUEST = customer_id("email:hana@mail.example")
World = dict[str, list[Row]]


def without(table: str, key: str, *values: str) -> World:
    return WORLD | {table: [r for r in WORLD[table] if r[key] not in values]}


def refreshed(engine: Engine, world: World) -> dict[str, str]:
    """Customer by record key, after a refresh."""
    fill(engine, world)
    resolve(engine)
    return {r["record_key"]: r["customer_id"] for r in engine.table(CUSTOMER_LINKS).collect()}


def crosswalk(lake: Lake, each: str) -> list[tuple[str | None, str, bool]]:
    """Periods of an id: what stood for it, why, and whether it still does."""
    rows = lake.arrow(CUSTOMER_CROSSWALK).to_pylist()
    mine = sorted((r for r in rows if r["customer_id"] == each), key=lambda r: r["valid_from"])
    assert [r["valid_to"] for r in mine[:-1]] == [r["valid_from"] for r in mine[1:]]
    return [(r["current_id"], r["reason"], r["valid_to"] is None) for r in mine]


@pytest.fixture
def fresh(engine: Engine) -> Engine:
    create_silver(engine)
    return engine


def test_a_guest_who_registers_keeps_the_id(lake: Lake, fresh: Engine) -> None:
    before = refreshed(fresh, without("ecommerce__accounts", "account_id", "A9"))
    assert before["O2"] == HANA_AS_GUEST
    after = refreshed(fresh, WORLD)
    assert after["O2"] == after["A9"] == HANA_AS_GUEST
    assert crosswalk(lake, HANA_AS_GUEST) == [(HANA_AS_GUEST, "new", True)]


def test_a_record_that_goes_and_comes_back_leaves_every_id_as_it_was(
    lake: Lake, fresh: Engine
) -> None:
    before = refreshed(fresh, WORLD)
    refreshed(fresh, without("crm__contacts", "contact_id", "K1", "K2"))
    assert crosswalk(lake, before["K2"])[-1] == (None, "erased", True)
    assert refreshed(fresh, WORLD) == before
    assert crosswalk(lake, before["K2"]) == [
        (before["K2"], "new", False), (None, "erased", False), (before["K2"], "new", True),
    ]  # fmt: skip


def test_a_rerun_writes_no_period(lake: Lake, fresh: Engine) -> None:
    refreshed(fresh, WORLD)
    version = lake.delta(CUSTOMER_CROSSWALK).version()
    refreshed(fresh, WORLD)
    assert lake.delta(CUSTOMER_CROSSWALK).version() == version


def test_every_id_ever_issued_leads_to_one_in_use(lake: Lake, fresh: Engine) -> None:
    """Worlds in which people come, go, merge and part, whatever their order."""
    worlds = [
        without("crm__contacts", "contact_id", "K1", "K7"),
        WORLD,
        without("ecommerce__accounts", "account_id", "A1", "A4"),
        without("crm__contacts", "contact_id", "K6", "S1", "S2"),
        WORLD,
    ]
    issued: set[str] = set()
    for world in worlds:
        links = refreshed(fresh, world)
        issued |= set(links.values())
        rows = [r for r in lake.arrow(CUSTOMER_CROSSWALK).to_pylist() if r["valid_to"] is None]
        now = {r["customer_id"]: r["current_id"] for r in rows}
        assert issued <= set(now)
        assert len(now) == len(rows)
        assert {i for i, current in now.items() if i == current} == set(links.values())


def test_cut_off_between_both_tables_the_next_run_ends_with_the_same(
    lake: Lake, fresh: Engine
) -> None:
    refreshed(fresh, without("crm__contacts", "contact_id", "K1"))
    members = lake.arrow(CUSTOMER_MEMBERS)
    whole = refreshed(fresh, WORLD)
    periods = sorted(map(str, lake.arrow(CUSTOMER_CROSSWALK).to_pylist()))
    # As if the run had been killed when only the crosswalk was written.
    lake.replace_where(CUSTOMER_MEMBERS, members, "true")
    assert refreshed(fresh, WORLD) == whole
    assert sorted(map(str, lake.arrow(CUSTOMER_CROSSWALK).to_pylist())) == periods


def households(engine: Engine) -> dict[str, str]:
    build_customers(engine)
    build_households(engine)
    return {r["customer_id"]: r["household_id"] for r in engine.table(HOUSEHOLDS).collect()}


def test_a_household_keeps_its_id_when_somebody_moves_in(fresh: Engine) -> None:
    links = refreshed(fresh, without("crm__contacts", "contact_id", "K4"))
    before = households(fresh)
    links = refreshed(fresh, WORLD)
    after = households(fresh)
    assert before[links["K5"]] == after[links["K5"]] == after[links["K4"]]


def told(lake: Lake, *words: str) -> Any:
    environment = {"C360_LAKE": lake.url, "COLUMNS": "240"}
    return CliRunner().invoke(main, list(words), env=environment)


def test_an_id_that_was_merged_finds_the_customer_that_it_is_now(lake: Lake, fresh: Engine) -> None:
    # Two strangers until her account names the mailbox of the one and the card of the other.
    before = refreshed(fresh, without("ecommerce__accounts", "account_id", "A1"))
    card, anna = before["R1"], before["K1"]
    assert card != anna
    after = refreshed(fresh, WORLD)
    assert after["R1"] == after["K1"] == anna
    assert crosswalk(lake, card) == [(card, "new", False), (anna, "merge", True)]
    history = told(lake, "identity", "history", card)
    assert history.exit_code == 0, history.output
    assert [word in history.output for word in (card, anna, "merge", "new")] == [True] * 4
    shown = told(lake, "customer", card)
    assert f"Customer {anna}, found by former customer id" in shown.output


def test_history_of_an_id_that_was_never_issued_is_an_error(lake: Lake, fresh: Engine) -> None:
    refreshed(fresh, WORLD)
    refused = told(lake, "identity", "history", "C0")
    assert refused.exit_code == 1
    assert "No customer id C0 was ever issued" in " ".join(refused.output.split())
