"""`customer360 verify` finds nothing in a rightly loaded world, and what somebody changed in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from customer360 import keys
from customer360.assets.bronze_load import load_bronze
from customer360.assets.silver_load import load_days
from customer360.checks import identity_truth
from customer360.cli import main
from customer360.identity import contract
from customer360.landing.files import day_fingerprint, list_files
from customer360.landing.simulate.parameters import FaultLevel
from customer360.landing.simulate.world import simulate
from customer360.resources.lake import Lake
from customer360.resources.loads import Load, record_loads
from customer360.resources.reading import Reader, open_reader
from customer360.resources.session import Engine
from customer360.sources import SOURCES
from customer360_tests.looking_lake import write

AT = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A small world with many faults, in bronze and silver; copied before it is changed."""
    lake = Lake(str(tmp_path_factory.mktemp("world") / "lake"))
    simulate(
        Path(lake.landing),
        Path(lake.truth),
        customers=150,
        days=6,
        start=date(2026, 1, 1),
        faults=FaultLevel.HIGH,
    )
    engine = Engine("sail", lake)
    try:
        for source in SOURCES:
            for entity in source.entities:
                files = list_files(lake.landing, source.name, entity.name)
                days = sorted({f.landed_on for f in files})
                load_bronze(lake, source.name, entity.name, days, batch_id="test", ingested_at=AT)
                load_days(engine, source, entity, days, "EUR")
                table = source.table(entity.name)
                loads = [_load(table, day, files) for day in days]
                record_loads(lake, table, loads, at=AT)
    finally:
        engine.close()
    return lake


def _load(table: str, day: date, files: list[Any]) -> Load:
    of_day = [f for f in files if f.landed_on == day]
    return Load(table, day, day_fingerprint(of_day), len(of_day), 1, Decimal(0))


@pytest.fixture
def copy(world: Lake, tmp_path: Path) -> Lake:
    """The world in a folder of its own, to be changed."""
    shutil.copytree(world.url, tmp_path / "lake")
    return Lake(str(tmp_path / "lake"))


def _verify(lake: Lake) -> Result:
    return CliRunner().invoke(main, ["verify"], env={"C360_LAKE": lake.url})


def test_rightly_loaded_world_is_as_the_truth_says(world: Lake) -> None:
    result = _verify(world)
    assert result.exit_code == 0, result.output
    assert result.output.count("as the truth says") == 5
    assert "Identity has not been resolved yet." in result.output


def _lose_a_record(lake: Lake) -> None:
    lake.delta(keys.silver("web__events")).delete("record_line = 2")


def _change_an_amount(lake: Lake) -> None:
    table = lake.delta(keys.silver("pos__receipts"))
    (first,) = table.to_pyarrow_table(columns=["receipt_id"]).slice(0, 1).to_pylist()
    one = f"receipt_id = '{first['receipt_id']}'"
    table.update(predicate=one, updates={"total_amount": "total_amount + 0.01"})


def _give_another_reason(lake: Lake) -> None:
    table = lake.delta(keys.quarantine("web__events"))
    table.update(predicate="rule = 'malformed_json'", updates={"rule": "'missing'"})


def _forget_issues(lake: Lake) -> None:
    for key in (k for k in lake.tables() if k.layer == keys.SILVER):
        if "issues" in (f.name for f in lake.delta(key).schema().fields):
            lake.delta(key).update(predicate="issues is not null", updates={"issues": "null"})


def _call_copies_superseded(lake: Lake) -> None:
    for key in (k for k in lake.tables() if k.table.endswith("_outranked")):
        lake.delta(key).update(predicate="status = 'duplicate'", updates={"status": "'superseded'"})


def _lose_landed_records(lake: Lake) -> None:
    lake.delta(keys.bronze("crm__consents")).delete("line_number = 3")


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (_lose_a_record, ("Status of every record:", "expected current, found nowhere")),
        (_change_an_amount, ("Money per source and business date: 1 diff", "pos receipts 2026-")),
        (_give_another_reason, ("Outcome of every injected fault:", "found quarantined missing")),
        (_forget_issues, ("Unreadable values of current records:", "wrong_type in")),
        (_call_copies_superseded, ("repeated_record in", "expected duplicate, found superseded")),
        (_lose_landed_records, ("Landed records per entity and day:", "crm__consents 2026-01-0")),
    ],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_change_is_found(
    copy: Lake, change: Callable[[Lake], None], lines: tuple[str, ...]
) -> None:
    change(copy)
    result = _verify(copy)
    assert result.exit_code == 1
    for line in lines:
        assert line in result.output


def test_world_that_is_not_loaded_is_refused(copy: Lake) -> None:
    copy.delta(keys.LOADS).delete("landed_on = '2026-01-03'")
    result = _verify(copy)
    assert result.exit_code == 1
    assert "1 landing days are not loaded, the first 2026-01-03" in result.output


def test_lake_without_truth_is_refused(tmp_path: Path) -> None:
    result = _verify(Lake(str(tmp_path)))
    assert result.exit_code == 1
    assert "No truth to compare with" in result.output


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    with open_reader(Lake(str(tmp_path))) as opened:
        yield opened


def test_agreement_of_customers_with_persons_is_measured_by_hand_counted_clusters(
    reader: Reader,
) -> None:
    # Persons p (3 records) and q (2); customers x = {p, p, q} and y = {p}, z = {q}.
    # Pairs put together: 3, true pairs: 3 + 1, pairs in both: 1.
    personal = [("a", "x", "p"), ("b", "x", "p"), ("c", "x", "q"), ("d", "y", "p"), ("e", "z", "q")]
    columns = [("contact_id", "string"), ("source_file", "string"), ("record_line", "bigint")]
    rows = [
        {"contact_id": record, "source_file": "f", "record_line": n}
        for n, (record, _, _) in enumerate(personal)
    ]
    lake, (crm,) = reader.lake, [s for s in SOURCES if s.name == "crm"]
    write(lake, keys.silver("crm__contacts"), columns, rows)
    write(
        lake,
        keys.silver("crm__consents"),
        [*columns[1:], *_text("contact_id", "purpose", "channel", "changed_at")],
        [],
    )
    links = [
        {
            "entity": "crm__contacts",
            "record_key": record,
            "customer_id": customer,
            "is_personal": True,
        }
        for record, customer, _ in personal
    ]
    write(lake, contract.CUSTOMER_LINKS, contract.typed(contract.LINK_COLUMNS), links)
    # Two of the records carry something that a person is known by.
    identifiers = [
        {
            "entity": "crm__contacts",
            "record_key": personal[place][0],
            "identifier_type": kind,
            "is_linking": is_linking,
        }
        for place, kind, is_linking in (
            (0, "email", True),
            (0, "phone", True),
            (1, "email", False),
            (2, "social_handle", True),
            (4, "contact_id", True),
        )
    ]
    columns_of = contract.typed(contract.IDENTIFIER_COLUMNS)
    write(lake, contract.CUSTOMER_IDENTIFIERS, columns_of, identifiers)
    customers = [{"customer_id": customer} for customer in "xyz"]
    write(lake, contract.CUSTOMERS, contract.typed(contract.CUSTOMER_COLUMNS), customers)
    values = ", ".join(
        f"('crm__contacts', 'f', {n}, '{p}')" for n, (_, _, p) in enumerate(personal)
    )
    reader.keep(
        "expected",
        f"select * from (values {values}) t(table_name, source_file, line_number, person_id)",
    )
    found = identity_truth.people(reader, [crm])
    assert found is not None
    whole = found.all_records
    assert (found.customers, whole.persons, whole.records) == (3, 2, 5)
    assert (whole.pair_precision, whole.pair_recall) == pytest.approx((1 / 3, 1 / 4))
    precision = (2 / 3 + 2 / 3 + 1 / 3 + 1 + 1) / 5
    recall = (2 / 3 + 2 / 3 + 1 / 2 + 1 / 3 + 1 / 2) / 5
    assert whole.b_cubed_f1 == pytest.approx(2 * precision * recall / (precision + recall))
    assert found.identified == identity_truth.Agreement(2, 2, 0.0, 0.0, 1.0)


def _text(*names: str) -> list[tuple[str, str]]:
    return [(name, "string") for name in names]
