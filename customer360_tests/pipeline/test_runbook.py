"""Entries of docs/runbook.md on a whole lake: the check fails as it says, what it says mends it."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable, write_deltalake
from rich.console import Console

from customer360 import keys
from customer360.assets import silver as silver_assets
from customer360.assets.gold import TYPES_CHECK
from customer360.assets.ledger import CLOSES_CHECK
from customer360.assets.silver import ACCOUNTING_CHECK
from customer360.commands.check_results import failing_checks
from customer360.commands.rebuild import rebuild
from customer360.commands.run import RunFailedError, run
from customer360.errors import UpkeepError
from customer360.fingerprint import differences, fingerprints
from customer360.identity.contract import CUSTOMERS
from customer360.keys import TableKey
from customer360.resources.check_results import read_check_results
from customer360.resources.lake import Lake
from customer360.resources.loads import Pending, pending
from customer360.resources.upkeep import tend_lake
from customer360.resources.versions import restore_version
from customer360.settings import Settings
from customer360.sources import SOURCES
from customer360_tests.builders import DAY, land, record
from customer360_tests.commands import Command

NEXT = DAY + timedelta(days=1)
RECEIPTS, ORDERS, CONTACTS = "pos__receipts", "ecommerce__orders", "crm__contacts"


def _run(lake: Lake, *days: object, select: str | None = None) -> None:
    first, last = days or (None, None)
    run(Settings(lake=lake.url), Console(file=io.StringIO()), first=first, last=last, select=select)


def _rebuild(lake: Lake, entity: str) -> None:
    console = Console(file=io.StringIO())
    rebuild(Settings(lake=lake.url), console, [entity], dry_run=False, restart=False)


def _of(table: str) -> str:
    """Selects what a load of an entity makes."""
    layers = ("bronze", "silver", "quarantine")
    return " or ".join(f'key:"{layer}/{table}"' for layer in layers)


def _failing() -> set[tuple[str, str]]:
    """Table and name of the checks that `customer360 status` lists as errors."""
    return {(c.asset, c.check) for c in failing_checks() if c.severity == "ERROR"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Two landing days of the store, the shop and the customers, refreshed."""
    root = tmp_path_factory.mktemp("runbook")
    made = Lake(str(root / "lake"))
    for day in (DAY, NEXT):
        at = f"{day}T08:00:00Z"
        number = {"receipt_id": f"R{day.day}", "sold_at": at, "loyalty_card_number": "4711000815"}
        land(made, RECEIPTS, [record(RECEIPTS, **number)], day=day)
        order = record(ORDERS, order_id=f"O{day.day}", ordered_at=at, updated_at=at)
        land(made, ORDERS, [order], day=day)
        contact = record(CONTACTS, contact_id=f"K{day.day}", email=f"k{day.day}@example.com")
        land(made, CONTACTS, [contact], day=day)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(root / "dagster"))
        _run(made)
    yield made


@pytest.fixture
def lake(whole: Lake, settings: Settings) -> Lake:
    """A copy of the whole lake, and a Dagster home of its own."""
    shutil.copytree(whole.url, settings.lake, copy_function=shutil.copy2)
    return Lake(settings.lake)


def _silver(lake: Lake, table: str) -> DeltaTable:
    return lake.delta(keys.silver(table))


def test_the_ledger_closes_again_when_what_it_names_is_loaded_again_or_rebuilt(
    whole: Lake, lake: Lake
) -> None:
    _silver(lake, RECEIPTS).delete("receipt_id = 'R2'")
    lake.delta(keys.bronze(ORDERS)).delete(f"landed_on = '{NEXT}'")
    (file,) = _silver(lake, CONTACTS).file_uris([("landed_on", "=", str(DAY))])
    Path(file).unlink()
    with pytest.raises(RunFailedError) as told:
        _run(lake, select='key:"ops/ledger"')
    for place in (
        f"{RECEIPTS}, landing day {DAY}, bronze to silver: 1 records and 10.50 of money missing",
        f"{ORDERS}, landing day {NEXT}, landing to bronze: 1 records and 0 of money missing",
        f"{CONTACTS}, landing day {DAY}: 1 records and 0.00 of money cannot be read",
    ):
        assert place in str(told.value)
    assert _failing() == {("ops.ledger", CLOSES_CHECK)}
    # In the lake, too, for pages that know no Dagster; the run that would tell last has failed.
    kept = {
        (r.asset, r.check)
        for r in read_check_results(lake)
        if not r.passed and r.severity == "ERROR"
    }
    assert kept == {("ops.ledger", CLOSES_CHECK)}

    _run(lake, DAY, NEXT, select=f"{_of(RECEIPTS)} or {_of(ORDERS)}")
    _rebuild(lake, CONTACTS)
    assert _failing() == set()
    assert differences(fingerprints(whole), fingerprints(lake)) == []


def test_the_reconciliation_closes_again_when_identity_and_gold_are_built_again(
    whole: Lake, lake: Lake, start: Callable[..., Command]
) -> None:
    customers = lake.arrow(CUSTOMERS)
    write_deltalake(lake.table_url(CUSTOMERS), customers.slice(0, 1), mode="append")
    lake.delta(keys.gold("fct_orders")).delete("order_id = 'O2'")
    with pytest.raises(RunFailedError) as told:
        _run(lake, select='key:"ops/reconciliation"')
    for place in (
        "customers, silver to identity: -1 records and 0.00 of money missing",
        f"{ORDERS}, silver to gold: 1 records and 24.90 of money missing",
    ):
        assert place in str(told.value)
    assert _failing() == {("ops.reconciliation", CLOSES_CHECK)}
    # dbt's own test of the table says the same.
    tested = ("dbt", "test", "--select", "source:silver.customers")
    failed = start(lake, "failed", *tested)
    assert failed.code() == 1
    assert "customers_key_is_unique" in failed.said

    _run(lake, select='key:"silver/customer_identifiers"+')
    assert _failing() == set()
    assert differences(fingerprints(whole), fingerprints(lake)) == []
    start(lake, "passed", *tested).ended()


def test_a_column_of_another_type_is_named_and_a_rebuild_restates_the_entity(
    whole: Lake, lake: Lake
) -> None:
    narrow = lake.arrow(keys.silver(RECEIPTS)).drop_columns(["tender"])
    write_deltalake(
        lake.table_url(keys.silver(RECEIPTS)),
        narrow,
        mode="overwrite",
        schema_mode="overwrite",
        partition_by=["landed_on"],
    )
    found = r"silver\.pos__receipts\.tender: declared string, found no such column"
    with pytest.raises(RunFailedError, match=found):
        _run(lake, select='key:"ops/refreshes"')
    assert _failing() == {("ops.refreshes", TYPES_CHECK)}
    # A load says the same before it writes anything.
    with pytest.raises(RunFailedError, match="tender: declared string, found no such column"):
        _run(lake, DAY, NEXT, select=_of(RECEIPTS))

    _rebuild(lake, RECEIPTS)
    assert _failing() == set()
    assert differences(fingerprints(whole), fingerprints(lake)) == []


def test_loads_that_were_restored_are_what_the_next_run_makes_good(whole: Lake, lake: Lake) -> None:
    # Of three entities only the first is left.
    restore_version(lake, keys.LOADS, 0)
    assert pending(lake, SOURCES).days == (DAY, NEXT)
    _run(lake, select=f"{_of(CONTACTS)} or {_of(ORDERS)} or {_of(RECEIPTS)}")
    # Loaded, and everything to be built from it.
    assert pending(lake, SOURCES) == Pending(days=(), is_stale=True)
    assert differences(fingerprints(whole), fingerprints(lake)) == []


def test_a_second_writer_during_a_load_is_noticed_and_the_next_load_makes_it_good(
    whole: Lake, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_days = silver_assets.load_days

    def load_and_lose(*arguments: object, **options: object) -> object:
        loaded = load_days(*arguments, **options)
        _silver(lake, RECEIPTS).delete("receipt_id = 'R2'")
        return loaded

    with monkeypatch.context() as patch:
        patch.setattr(silver_assets, "load_days", load_and_lose)
        with pytest.raises(RunFailedError, match=ACCOUNTING_CHECK) as told:
            _run(lake, DAY, DAY, select=_of(RECEIPTS))
    assert f"'{DAY}': 1" in str(told.value)
    assert _failing() == {("silver.pos__receipts", ACCOUNTING_CHECK)}
    assert pending(lake, SOURCES).days == (DAY,)

    _run(lake, select=_of(RECEIPTS))
    assert _failing() == set()
    assert differences(fingerprints(whole), fingerprints(lake)) == []


def test_a_table_that_upkeep_cannot_tend_is_removed_and_its_days_loaded_again(
    whole: Lake, lake: Lake
) -> None:
    damaged = keys.silver(RECEIPTS)
    log = Path(lake.table_url(damaged)) / "_delta_log"
    (log / f"{lake.delta(damaged).version() + 1:020}.json").write_text("{")
    with pytest.raises(UpkeepError, match=r"tended:\n  - silver\.pos__receipts: "):
        tend_lake(lake, 30, str, dry_run=False)

    shutil.rmtree(lake.table_url(damaged))
    _run(lake, DAY, NEXT, select=_of(RECEIPTS))
    tend_lake(lake, 30, str, dry_run=False)
    assert differences(fingerprints(whole), fingerprints(lake)) == []


@pytest.mark.parametrize("key", [keys.bronze(RECEIPTS), keys.silver(RECEIPTS)])
def test_a_table_that_is_gone_comes_back_with_its_days(
    whole: Lake, lake: Lake, key: TableKey
) -> None:
    shutil.rmtree(lake.table_url(key))
    _run(lake, DAY, NEXT, select=_of(RECEIPTS))
    assert differences(fingerprints(whole), fingerprints(lake)) == []
