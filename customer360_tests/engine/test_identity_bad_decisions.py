"""Decisions that cannot be, contradict each other or outlive their records: a clear answer each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from customer360.cli import main
from customer360.identity.clusters import customer_id
from customer360.identity.contract import CUSTOMER_LINKS, IDENTITY_DECISIONS
from customer360.resources.lake import Lake
from customer360.resources.session import Engine
from customer360_tests.identity_world import Row, create_silver, fill, link_again, resolve

# Strangers who have nothing in common.
CONTACTS: list[Row] = [{"contact_id": f"K{n}", "first_name": f"Name{n}"} for n in range(6)]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = Engine("sail", Lake(str(tmp_path_factory.mktemp("decisions"))))
    create_silver(opened)
    fill(opened, {"crm__contacts": CONTACTS})
    resolve(opened)
    yield opened
    opened.close()


@pytest.fixture
def lake(engine: Engine) -> Iterator[Lake]:
    """The lake of the strangers, about whom nobody has decided anything."""
    yield engine.lake
    if engine.lake.exists(IDENTITY_DECISIONS):
        engine.lake.delta(IDENTITY_DECISIONS).delete()
        link_again(engine)


def identity(lake: Lake, *words: str) -> Result:
    environment = {"C360_LAKE": lake.url, "COLUMNS": "240"}
    return CliRunner().invoke(main, ["identity", *words, "--reason", "r"], env=environment)


def decide(lake: Lake, *words: str) -> None:
    result = identity(lake, *words)
    assert result.exit_code == 0, result.output


def refused(lake: Lake, *words: str) -> str:
    """What is said about a decision that is not taken."""
    result = identity(lake, *words)
    assert result.exit_code in (1, 2), result.output
    assert not result.exception or isinstance(result.exception, SystemExit), result.exception
    return " ".join(result.output.split())


def customers(engine: Engine) -> dict[str, str]:
    """Customer by record key, after the next refresh."""
    link_again(engine)
    return {r["record_key"]: r["customer_id"] for r in engine.table(CUSTOMER_LINKS).collect()}


@pytest.mark.parametrize("word", ["merge", "keep-apart"])
@pytest.mark.parametrize(
    "nobody",
    ["K99", "contact_id:K99", "C00000000000000000000", "", "' or 1=1 --", "[/red]", "%", "\x00"],
)
def test_who_does_not_exist_cannot_be_decided_about(lake: Lake, word: str, nobody: str) -> None:
    assert "found nobody" in refused(lake, word, "K1", nobody)


def test_the_id_of_a_customer_merged_away_names_who_took_it_in(engine: Engine, lake: Lake) -> None:
    gone = customer_id("contact_id:K2")
    decide(lake, "merge", "K1", "K2")
    resolve(engine)
    decide(lake, "merge", "K3", gone)
    assert len({customers(engine)[key] for key in ("K1", "K2", "K3")}) == 1
    decide(lake, "revoke", "1")
    decide(lake, "revoke", "2")
    resolve(engine)


@pytest.mark.parametrize(
    ("word", "says"),
    [("merge", "are one customer already"), ("keep-apart", "name the same record")],
)
def test_nobody_is_merged_with_or_kept_apart_from_themselves(
    lake: Lake, word: str, says: str
) -> None:
    for other in ("K1", "contact_id:K1", customer_id("contact_id:K1")):
        assert says in refused(lake, word, "K1", other)


def test_three_at_once_are_a_usage_error(lake: Lake) -> None:
    assert "unexpected extra argument" in refused(lake, "merge", "K1", "K2", "K3")


@pytest.mark.parametrize("word", ["merge", "keep-apart"])
def test_the_same_decision_is_not_taken_twice(lake: Lake, word: str) -> None:
    decide(lake, word, "K1", "K2")
    assert "Decision 1 of" in refused(lake, word, "K1", "K2")
    assert "says so already: r." in refused(lake, word, "K2", "contact_id:K1")
    # Once it is taken back it may be taken again.
    decide(lake, "revoke", "1")
    decide(lake, word, "K1", "K2")


@pytest.mark.parametrize(("one", "opposite"), [("merge", "keep-apart"), ("keep-apart", "merge")])
def test_of_two_opposite_decisions_the_second_is_refused(
    engine: Engine, lake: Lake, one: str, opposite: str
) -> None:
    decide(lake, one, "K1", "K2")
    assert "decision 2 contradicts an earlier one" in refused(lake, opposite, "K2", "K1")
    found = customers(engine)
    assert (found["K1"] == found["K2"]) == (one == "merge")


def test_a_chain_of_merges_cannot_be_parted_at_its_ends(engine: Engine, lake: Lake) -> None:
    for one, other in (("K1", "K2"), ("K2", "K3"), ("K3", "K4")):
        decide(lake, "merge", one, other)
    assert "would be one person and kept apart" in refused(lake, "keep-apart", "K1", "K4")
    assert len({customers(engine)[f"K{n}"] for n in (1, 2, 3, 4)}) == 1
    decide(lake, "revoke", "2")
    decide(lake, "keep-apart", "K1", "K4")
    found = customers(engine)
    assert found["K1"] == found["K2"] != found["K3"] == found["K4"]
    assert "would be one person" in refused(lake, "merge", "K2", "K3")


def test_only_what_holds_can_be_taken_back(lake: Lake) -> None:
    decide(lake, "merge", "K1", "K2")
    decide(lake, "revoke", "1")
    assert "No decision 1 holds" in refused(lake, "revoke", "1")
    assert "No decision 2 holds" in refused(lake, "revoke", "2")
    for number in ("0", "3", "99999999999999999999"):
        assert f"No decision {number} holds" in refused(lake, "revoke", number)
    assert "not a valid integer" in refused(lake, "revoke", "one")


def test_decisions_outlive_records_that_vanish_and_come_back(engine: Engine, lake: Lake) -> None:
    decide(lake, "merge", "K1", "K2")
    decide(lake, "merge", "K2", "K3")
    decide(lake, "keep-apart", "K3", "K4")
    whole = customers(engine)
    # All of K1, K2 and K3 are one; without K2, through whom they are, too.
    fill(engine, {"crm__contacts": [r for r in CONTACTS if r["contact_id"] not in ("K2", "K4")]})
    resolve(engine)
    found = customers(engine)
    assert found["K1"] == found["K3"]
    assert "K2" not in found
    assert "found nobody" in refused(lake, "merge", "K2", "K5")
    # Decisions about those who are gone are still in the way of their opposites.
    assert "contradicts" in refused(lake, "keep-apart", "K1", "K3")
    fill(engine, {"crm__contacts": CONTACTS})
    resolve(engine)
    assert customers(engine) == whole
