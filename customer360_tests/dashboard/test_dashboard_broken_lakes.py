"""Pages over lakes that lack something, or change while they are read."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from customer360.keys import TableKey, gold
from customer360.resources.lake import Lake
from customer360_tests.dashboard.asking import PAGES, Asker
from customer360_tests.dashboard.lakes import gold_tables, linked, of_customers

# One worker runs all that need the simulated world, or each would make its own.
pytestmark = pytest.mark.xdist_group("dashboard")

_CUSTOMERS: Final = gold("customer_360")


@pytest.mark.parametrize(
    "page", [*PAGES, "/customers?q=ada", "/customers/C1", "/segments/loyal.csv"]
)
def test_page_of_an_empty_lake_tells_how_to_fill_it(lake: Lake, page: str) -> None:
    answer = Asker(lake).get(page)
    assert answer.status == 503
    assert "There is nothing to show yet" in answer.words
    assert "It is made by `customer360 run`" in answer.words
    assert lake.url not in answer.words


@pytest.fixture(scope="module")
def no_rows(simulated: Lake, tmp_path_factory: pytest.TempPathFactory) -> Asker:
    """The dashboard of a gold whose tables have no rows."""
    return Asker(of_customers(simulated, tmp_path_factory.mktemp("none"), []), everybody=True)


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("/", "No order has landed yet."),
        ("/customers", "Whole values are found first"),
        ("/customers?q=ada", "Nobody was found for"),
        ("/segments", "No customer is known yet."),
        ("/retention", "Nobody has bought yet."),
        ("/products", "Nothing has been sold yet."),
        ("/campaigns", "No campaign has landed yet."),
        ("/service", "No ticket has been opened yet."),
        ("/trust", "Every record that landed can be used."),
    ],
)
def test_page_of_a_gold_without_rows_says_so(no_rows: Asker, page: str, told: str) -> None:
    answer = no_rows.get(page)
    assert answer.status == 200
    assert told in answer.words
    assert "No customer is known yet." in answer.words


def test_page_of_a_gold_without_rows_knows_no_customer(no_rows: Asker, busiest: str) -> None:
    assert no_rows.get(f"/customers/{busiest}").status == 404
    assert no_rows.get("/segments/loyal.csv").status == 404


@pytest.fixture(scope="module")
def alone(simulated: Lake, busiest: str, tmp_path_factory: pytest.TempPathFactory) -> Asker:
    """The dashboard of a gold with one customer, and none of the figures of everybody."""
    folder = tmp_path_factory.mktemp("one")
    return Asker(of_customers(simulated, folder, [busiest]), everybody=True)


def test_every_page_is_shown_when_there_is_one_customer(alone: Asker, busiest: str) -> None:
    profile = f"/customers/{busiest}"
    for page in (*PAGES, profile, f"/customers?q={busiest}"):
        assert alone.get(page).status == 200, page
    assert f'<a href="{profile}">' in alone.get(f"/customers?q={busiest[:5]}").text
    assert f"<small>{busiest}</small>" in alone.get(profile).text


def _tables_of_pages(manifest: dict[str, Any]) -> dict[str, list[str]]:
    """Gold tables that each page of the dashboard reads, by the page's name."""
    exposures = {e["name"]: e for e in manifest["exposures"].values()}
    return {
        name.removeprefix("dashboard_"): [n.split(".")[-1] for n in found["depends_on"]["nodes"]]
        for name, found in exposures.items()
        if name.startswith("dashboard_")
    }


# Every page tells what it can of how new and how sound the data are, so these have tests of their
# own; the search is read by a profile only where its id is a former one.
_SPARED: Final = {"customer_360", "fct_ledger", "customer_search"}


def test_page_says_which_table_is_missing(
    simulated: Lake, busiest: str, manifest: dict[str, Any], tmp_path: Path
) -> None:
    addresses = {
        "overview": "/",
        "profile": f"/customers/{busiest}",
        "customers": f"/customers?q={busiest}",
    }
    tables = _tables_of_pages(manifest)
    assert len(tables) == 9
    for table in sorted({table for read in tables.values() for table in read} - _SPARED):
        asker = Asker(linked(simulated, tmp_path / table, without=[table]))
        for page in (name for name, read in tables.items() if table in read):
            answer = asker.get(addresses.get(page, f"/{page}"))
            assert answer.status == 503, (page, table)
            assert f"Table gold.{table}. It is made by `customer360 run`" in answer.words
        spared = next(name for name, read in tables.items() if table not in read)
        assert asker.get(addresses.get(spared, f"/{spared}")).status == 200


def test_every_page_is_shown_when_the_ledger_is_missing(simulated: Lake, tmp_path: Path) -> None:
    asker = Asker(linked(simulated, tmp_path, without=["fct_ledger"]))
    statuses = {page: asker.get(page).status for page in PAGES}
    assert statuses == dict.fromkeys(PAGES, 200) | {"/trust": 503}


def test_pages_that_need_no_customer_are_shown_when_customers_are_missing(
    simulated: Lake, busiest: str, tmp_path: Path
) -> None:
    asker = Asker(linked(simulated, tmp_path, without=["customer_360"]))
    statuses = {page: asker.get(page).status for page in (*PAGES, f"/customers?q={busiest}")}
    need_none = ("/", "/customers", "/products", "/campaigns", "/service", "/trust")
    assert statuses == dict.fromkeys(statuses, 503) | dict.fromkeys(need_none, 200)
    assert "As of" not in asker.get("/trust").words


def test_every_page_is_shown_when_no_run_has_told_of_its_checks(
    simulated: Lake, tmp_path: Path
) -> None:
    lacking = linked(simulated, tmp_path)
    (Path(lacking.url) / "ops").unlink()
    asker = Asker(lacking)
    for page in PAGES:
        assert asker.get(page).status == 200, page
    assert "No run has told of its checks yet." in asker.get("/trust").words


def _rewrite(lake: Lake, key: TableKey, *, rows: int) -> None:
    """Write a table anew, with the first rows only, and clear its old files away."""
    write_deltalake(lake.table_url(key), lake.arrow(key).slice(0, rows), mode="overwrite")
    DeltaTable(lake.table_url(key)).vacuum(0, enforce_retention_duration=False, dry_run=False)


@pytest.mark.parametrize("page", ["/", "/customers?q={id}", "/customers/{id}", "/segments/{s}.csv"])
def test_page_reads_again_when_tables_are_rewritten_and_cleared_away(
    simulated: Lake,
    busiest: str,
    tmp_path: Path,
    page: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    copy = of_customers(simulated, tmp_path, [busiest])
    (segment,) = copy.arrow(gold("customer_segments"), ["segment"]).to_pydict()["segment"]
    address = page.format(id=busiest, s=segment)
    # Time stands still: what is open is taken for the newest version.
    asker = Asker(copy, everybody=True, clock=lambda: 0.0)
    before = asker.get(address)
    for name in gold_tables(copy):
        _rewrite(copy, gold(name), rows=10_000)
    with caplog.at_level(logging.DEBUG):
        after = asker.get(address)
    assert (before.status, after.status) == (200, 200)
    moment = re.compile(r"refreshed [\d :-]+ UTC")
    assert moment.sub("", after.text) == moment.sub("", before.text)
    # An id is a search term as a name is: neither may be told.
    assert "Read again, from the newest tables" in caplog.text
    assert busiest not in caplog.text


def test_page_shows_a_new_version_a_few_seconds_after_it_was_written(
    simulated: Lake, busiest: str, tmp_path: Path
) -> None:
    copy = of_customers(simulated, tmp_path, [busiest])
    moment = [0.0]
    asker = Asker(copy, clock=lambda: moment[0])
    assert "No customer is known yet." not in asker.get("/segments").words
    _rewrite(copy, _CUSTOMERS, rows=0)
    moment[0] = 6.0
    assert "No customer is known yet." in asker.get("/segments").words


def test_former_id_leads_to_the_customer_it_stands_for(
    simulated: Lake, busiest: str, tmp_path: Path
) -> None:
    copy = of_customers(simulated, tmp_path, [busiest])
    terms = copy.arrow(gold("customer_search"))
    former = {"term": "c0ld", "term_kind": "former_id", "customer_id": busiest}
    rows = pa.Table.from_pylist([former], schema=terms.schema)
    write_deltalake(copy.table_url(gold("customer_search")), rows, mode="append")
    answer = Asker(copy).get("/customers/C0ld")
    assert answer.status == 200
    assert "C0ld is a former id of this customer." in answer.words
    assert f"<small>{busiest}</small>" in answer.text


def test_health_is_told_without_a_lake(lake: Lake) -> None:
    answer = Asker(lake).get("/health")
    assert (answer.status, answer.text) == (200, "ok")


@pytest.mark.parametrize("folder", ["it's ours", "län de=1", "a*"])
def test_lake_may_have_any_name(simulated: Lake, busiest: str, tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    asker = Asker(of_customers(simulated, tmp_path / folder, [busiest]), everybody=True)
    assert f"<small>{busiest}</small>" in asker.get(f"/customers/{busiest}").text
