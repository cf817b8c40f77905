"""People decide who is who: decisions hold, are listed, taken back, and never contradict."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from customer360.cli import main
from customer360.identity.clusters import customer_id
from customer360.identity.contract import CUSTOMER_LINKS, CUSTOMER_VALUES, CUSTOMERS, HOUSEHOLDS
from customer360.identity.resolve import (
    build_customers,
    build_households,
    build_values,
)
from customer360.resources.lake import Lake
from customer360.resources.session import Engine
from customer360_tests.identity_world import WORLD, create_silver, fill, link_again, resolve

Tables = list[list[dict[str, object]]]


@pytest.fixture
def resolved(engine: Engine) -> Engine:
    """The hand-made customers, resolved."""
    create_silver(engine)
    fill(engine, WORLD)
    resolve(engine)
    return engine


def tables(engine: Engine) -> Tables:
    """What identity hands on, made anew."""
    link_again(engine)
    build_values(engine)
    build_customers(engine)
    build_households(engine)
    found = (
        [r.asDict() for r in engine.table(k).collect()]
        for k in (CUSTOMER_LINKS, CUSTOMERS, HOUSEHOLDS, CUSTOMER_VALUES)
    )
    return [sorted(rows, key=str) for rows in found]


def customers(engine: Engine) -> dict[str, str]:
    """Customer by record key."""
    link_again(engine)
    return {r["record_key"]: r["customer_id"] for r in engine.table(CUSTOMER_LINKS).collect()}


def identity(lake: Lake, *words: str) -> Result:
    environment = {"C360_LAKE": lake.url, "COLUMNS": "240"}
    return CliRunner().invoke(main, ["identity", *words], env=environment)


def decide(lake: Lake, *words: str) -> str:
    result = identity(lake, *words, "--reason", "they called", "--by", "kim")
    assert result.exit_code == 0, result.output
    return result.output


def test_merged_and_taken_back_everything_is_as_before(lake: Lake, resolved: Engine) -> None:
    before = tables(resolved)
    assert "Decision 1: merge contact_id:K2 and contact_id:K3" in decide(lake, "merge", "K2", "K3")
    merged = tables(resolved)
    assert len(merged[1]) == len(before[1]) - 1
    assert customers(resolved)["K2"] == customers(resolved)["K3"]
    decide(lake, "revoke", "1")
    assert tables(resolved) == before


def test_merge_outvotes_a_conflict_and_takes_the_activity_along(
    lake: Lake, resolved: Engine
) -> None:
    before = customers(resolved)
    assert before["K4"] != before["K5"]
    decide(lake, "merge", "K5", "A4")
    after = customers(resolved)
    # Their telephone is one person's now, and so are its tickets.
    assert {after[key] for key in ("K4", "K5", "A4", "T2", "O6")} == {before["K4"]}


def test_kept_apart_stays_apart_whatever_they_share(lake: Lake, resolved: Engine) -> None:
    assert customers(resolved)["K1"] == customers(resolved)["A1"]
    decide(lake, "keep-apart", "contact_id:K1", "account_id:A1")
    assert customers(resolved)["K1"] != customers(resolved)["A1"]
    # Nor by another way.
    resolve(resolved)
    assert customers(resolved)["K1"] != customers(resolved)["A1"]


def test_split_parts_records_from_the_rest_of_their_customer(lake: Lake, resolved: Engine) -> None:
    before = customers(resolved)
    assert before["K1"] == before["A1"] == before["O1"]
    told = decide(lake, "split", "K1")
    assert "keep_apart account_id:A1 and contact_id:K1" in told
    after = customers(resolved)
    assert after["K1"] != after["A1"] == after["O1"]
    decide(lake, "revoke", "1")
    assert customers(resolved) == before


@pytest.mark.parametrize(
    ("records", "says"),
    [
        (("K2",), "no other record to part them from"),
        (("K1", "K2"), "name records of one customer"),
        (("nobody",), "found nobody"),
    ],
)
@pytest.mark.usefixtures("resolved")
def test_what_cannot_be_split_says_why(lake: Lake, records: tuple[str, ...], says: str) -> None:
    refused = identity(lake, "split", *records, "--reason", "r")
    assert refused.exit_code == 1
    assert says in " ".join(refused.output.split())


def test_parting_a_customer_parts_all_records(lake: Lake, resolved: Engine) -> None:
    anna = customers(resolved)["K1"]
    told = decide(lake, "keep-apart", anna, "K2")
    assert "and contact_id:K2" in told
    assert told.count("contact_id:K2") == 3


@pytest.mark.usefixtures("resolved")
def test_decisions_are_listed_with_what_holds(lake: Lake) -> None:
    assert "Nobody has decided anything yet" in identity(lake, "decisions").output
    decide(lake, "merge", "K2", "K3")
    decide(lake, "keep-apart", "K1", "K2")
    decide(lake, "revoke", "1")
    listed = identity(lake, "decisions").output
    assert listed.count("they called") == 3
    assert listed.count("kim") == 3
    assert (listed.count("revoked"), listed.count("holds")) == (1, 1)


@pytest.mark.usefixtures("resolved")
def test_what_contradicts_is_refused_until_the_other_is_taken_back(lake: Lake) -> None:
    decide(lake, "merge", "K2", "K3")
    decide(lake, "merge", "K3", "K6")
    refused = identity(lake, "keep-apart", "K2", "K6", "--reason", "r")
    assert refused.exit_code == 1
    assert "would be one person and kept apart at once" in " ".join(refused.output.split())
    decide(lake, "revoke", "2")
    decide(lake, "keep-apart", "K2", "K6")
    assert identity(lake, "merge", "K3", "K6", "--reason", "r").exit_code == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("merge", "K1", "nobody"), "found nobody"),
        (("merge", "K1", "K1"), "are one customer already"),
        (("merge", "K1", "anna@gmail.com"), "are one customer already"),
        (("keep-apart", "K1", "K1"), "name the same record"),
        (("keep-apart", "K1", "dirk@mail.example"), "found C"),
        (("merge", "K1", "998"), "there is nothing to decide about"),
        (("revoke", "7"), "No decision 7 holds"),
    ],
)
def test_what_cannot_be_decided_says_why(
    lake: Lake, resolved: Engine, words: tuple[str, ...], says: str
) -> None:
    refused = identity(lake, *words, "--reason", "r")
    assert refused.exit_code == 1
    assert says in " ".join(refused.output.split())
    assert customers(resolved)["K1"] == customers(resolved)["A1"]


def test_a_decision_about_a_record_that_is_gone_waits_for_it(lake: Lake, resolved: Engine) -> None:
    decide(lake, "merge", "K2", "K3")
    fill(
        resolved,
        WORLD | {"crm__contacts": [r for r in WORLD["crm__contacts"] if r["contact_id"] != "K3"]},
    )
    resolve(resolved)
    assert "K3" not in customers(resolved)
    fill(resolved, WORLD)
    resolve(resolved)
    assert customers(resolved)["K2"] == customers(resolved)["K3"]


def preview(lake: Lake) -> dict[str, str]:
    """Figures of the preview, by their names."""
    result = identity(lake, "preview")
    assert result.exit_code == 0, result.output
    rows = [line.split("│") for line in result.output.splitlines() if line.count("│") == 3]
    return {cells[1].strip(): cells[2].strip() for cells in rows}


def test_preview_says_what_a_decision_would_do_and_writes_nothing(
    lake: Lake, resolved: Engine
) -> None:
    before = tables(resolved)
    version = lake.delta(CUSTOMER_LINKS).version()
    assert "The next refresh changes nobody." in identity(lake, "preview").output
    decide(lake, "merge", "K2", "K3")
    decide(lake, "keep-apart", "contact_id:K1", "account_id:A1")
    told = preview(lake)
    assert (told["would merge"], told["would split"]) == ("2", "1")
    assert told["most customers that become one"] == "2"
    k2, k3 = (customer_id(f"contact_id:{key}") for key in ("K2", "K3"))
    assert f"merge: {', '.join(sorted((k2, k3)))} → {k2}" in identity(lake, "preview").output
    assert lake.delta(CUSTOMER_LINKS).version() == version
    after = tables(resolved)
    # One less, and one more.
    assert told["would be"] == told["customers with a record to match"]
    assert after != before


def test_preview_without_identity_says_what_is_missing(lake: Lake) -> None:
    result = identity(lake, "preview")
    assert result.exit_code == 1
    assert "no silver.match_records" in result.output
