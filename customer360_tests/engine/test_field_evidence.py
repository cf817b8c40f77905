"""Drift on bronze written by hand, in what a load samples, in a world whose faults are known."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result

from customer360 import keys
from customer360.assets.bronze_load import BronzeLoad, load_bronze
from customer360.assets.field_sample import sampled_drift
from customer360.assets.silver_load import load_days, tables_of
from customer360.cli import main
from customer360.landing.files import landed_days
from customer360.landing.simulate.parameters import FaultLevel
from customer360.landing.simulate.world import simulate
from customer360.resources.field_evidence import find_drift
from customer360.resources.lake import Lake
from customer360.resources.reading import open_reader
from customer360.resources.session import Engine
from customer360.sources import SOURCES
from customer360.sources.drift import EntityDrift
from customer360_tests.builders import DAY, NOW, land, put_bronze, record, spec

ORDERS, ACCOUNTS = "ecommerce__orders", "ecommerce__accounts"
Records = list[dict[str, Any]]


def many(table: str, count: int = 30, **overrides: Any) -> Records:
    return [record(table, **overrides) for _ in range(count)]


def without(records: Records, *names: str) -> Records:
    return [{k: v for k, v in r.items() if k not in names} for r in records]


def day(number: int) -> date:
    return DAY + timedelta(days=number)


def put_days(lake: Lake, table: str, *days: Sequence[Mapping[str, Any] | str]) -> None:
    """Bronze of consecutive days, a file each."""
    for number, records in enumerate(days):
        put_bronze(lake, table, records, day=day(number), file=f"file{number}")


def drift_of(lake: Lake, table: str) -> EntityDrift:
    with open_reader(lake) as reader:
        records = reader.table(keys.bronze(table))
        return find_drift(reader, records, table, spec(table)[1])


def spelled(drift: EntityDrift) -> dict[str, list[tuple[str, str]]]:
    """Path and first place of each finding."""
    return {
        "new": [(new.path, str(new.first)) for new in drift.new],
        "vanished": [(c.declared.path, str(c.began)) for c in drift.vanished],
        "retyped": [(c.declared.path, str(c.began)) for c in drift.retyped],
        "renamed": [(r.vanished.declared.path, r.new.path) for r in drift.renamed],
    }


NOTHING: dict[str, list[tuple[str, str]]] = {
    "new": [], "vanished": [], "retyped": [], "renamed": [],
}  # fmt: skip


@pytest.mark.parametrize("table", [s.table(e.name) for s in SOURCES for e in s.entities])
def test_records_as_declared_are_no_drift(lake: Lake, table: str) -> None:
    put_days(lake, table, many(table), many(table))
    assert not drift_of(lake, table)


def test_new_fields_are_listed_with_types_counts_and_places(lake: Lake) -> None:
    line = {"line_number": 1, "line_amount": "1.00", "gift": True}
    nested = {"street": "Road 1", "floor": 3}
    odd = {"a.b": 1, 'quote"': 2, "it's": None, "deep": {"deeper": {"x": 1}}, "tags": ["t"]}
    put_days(
        lake,
        ORDERS,
        [record(ORDERS), record(ORDERS, points=1)],
        [record(ORDERS, points="2.5", lines=[line]), record(ORDERS, shipping_address=nested)],
        [record(ORDERS) | odd],
    )
    drift = drift_of(lake, ORDERS)
    found = {n.path: (n.json_types, n.records, str(n.first), str(n.last)) for n in drift.new}
    assert found == {
        "points": (("number", "string"), 2, "file0:2", "file1:1"),
        "lines[].gift": (("boolean",), 1, "file1:1", "file1:1"),
        "shipping_address.floor": (("number",), 1, "file1:2", "file1:2"),
        '"a.b"': (("number",), 1, "file2:1", "file2:1"),
        '"quote""': (("number",), 1, "file2:1", "file2:1"),
        "it's": ((), 1, "file2:1", "file2:1"),
        "deep.deeper": (("object",), 1, "file2:1", "file2:1"),
        "tags": (("array",), 1, "file2:1", "file2:1"),
    }
    points = next(n for n in drift.new if n.path == "points")
    assert points.by_day == ((day(0), 1), (day(1), 1))
    assert (drift.records, points.share) == (5, 0.4)


def test_an_ignored_path_is_no_drift(lake: Lake) -> None:
    put_days(lake, ORDERS, [record(ORDERS, export_batch="b7")])
    _, entity = spec(ORDERS)
    ignoring = dataclasses.replace(entity, ignored=("export_batch",))
    with open_reader(lake) as reader:
        records = reader.table(keys.bronze(ORDERS))
        assert find_drift(reader, records, ORDERS, entity)
        assert not find_drift(reader, records, ORDERS, ignoring)


def test_a_map_of_ids_lists_a_bounded_number_of_paths(lake: Lake) -> None:
    put_days(lake, ORDERS, [record(ORDERS, stock={f"P{n}": 1}) for n in range(150)])
    drift = drift_of(lake, ORDERS)
    assert (len(drift.new), drift.more_new) == (100, 50)


def test_a_vanished_field_is_named_with_the_first_line_without_it(lake: Lake) -> None:
    whole = many(ACCOUNTS)
    # The change comes in the middle of a file.
    put_days(lake, ACCOUNTS, whole, [*whole[:10], *without(whole[10:], "email")],
             without(whole, "email"))  # fmt: skip
    (change,) = drift_of(lake, ACCOUNTS).vanished
    assert (change.declared.path, str(change.began)) == ("email", "file1:11")
    assert (change.share_before, change.share_since, change.records_since) == (40 / 60, 0.0, 30)


@pytest.mark.parametrize("lost", ["address", "lines"])
def test_an_object_or_list_that_vanished_is_named_once(lake: Lake, lost: str) -> None:
    table = ACCOUNTS if lost == "address" else ORDERS
    put_days(lake, table, many(table), without(many(table), lost))
    expected = NOTHING | {"vanished": [(lost, "file1:1")]}
    assert spelled(drift_of(lake, table)) == expected


def test_a_field_of_list_elements_vanishes(lake: Lake) -> None:
    bare = {"line_number": 1, "line_amount": "20.00", "quantity": 2}
    put_days(lake, ORDERS, many(ORDERS), many(ORDERS, lines=[]), many(ORDERS, lines=[bare]))
    expected = NOTHING | {"vanished": [("lines[].sku", "file2:1")]}
    assert spelled(drift_of(lake, ORDERS)) == expected


def test_a_rare_optional_field_is_missed_only_after_many_records(lake: Lake) -> None:
    rare = [*many(ACCOUNTS, 19), record(ACCOUNTS, loyalty_card_number="9")]
    put_days(lake, ACCOUNTS, rare, rare, many(ACCOUNTS, 100))
    assert not drift_of(lake, ACCOUNTS)
    put_bronze(lake, ACCOUNTS, many(ACCOUNTS, 400), day=day(3), file="file3")
    (change,) = drift_of(lake, ACCOUNTS).vanished
    assert change.declared.path == "loyalty_card_number"


def test_a_field_that_came_back_did_not_vanish(lake: Lake) -> None:
    whole, bare = many(ACCOUNTS), without(many(ACCOUNTS), "email")
    put_days(lake, ACCOUNTS, whole, bare, whole, whole)
    assert not drift_of(lake, ACCOUNTS)


def test_a_renamed_field_is_found_in_spite_of_late_files(lake: Lake) -> None:
    old = many(ACCOUNTS, phone="030 1")
    new = without(many(ACCOUNTS, phone_number="030 1", coupon="c"), "phone")
    put_days(lake, ACCOUNTS, old, old, [*new, old[0]], new, old[:5], new)
    drift = drift_of(lake, ACCOUNTS)
    (rename,) = drift.renamed
    assert (rename.vanished.declared.path, str(rename.vanished.began)) == ("phone", "file2:1")
    # A coupon came as often; the name decides.
    assert rename.new.path == "phone_number"
    assert rename.sureness > 0.9


def test_a_new_field_beside_the_old_one_is_no_rename(lake: Lake) -> None:
    put_days(lake, ACCOUNTS, many(ACCOUNTS, phone="1"), many(ACCOUNTS, phone="1", mobile="2"))
    assert spelled(drift_of(lake, ACCOUNTS)) == NOTHING | {"new": [("mobile", "file1:1")]}


@pytest.mark.parametrize(
    ("table", "path", "before", "after", "found"),
    [
        (ACCOUNTS, "created_at", {"created_at": "2026-01-01T00:00:00Z"}, {"created_at": 1767}, "n"),
        (ACCOUNTS, "is_deleted", {"is_deleted": False}, {"is_deleted": "gelöscht"}, "string"),
        (ORDERS, "shipping_amount", {"shipping_amount": "4.90"}, {"shipping_amount": "4,90"}, "s"),
        (ACCOUNTS, "email", {"email": "a@b.de"}, {"email": {"value": "a@b.de"}}, "object"),
        (ACCOUNTS, "address", {}, {"address": "Road 1, Town"}, "string"),
        (
            ORDERS,
            "lines[].quantity",
            {},
            {"lines": [{"line_number": 1, "sku": "P1", "line_amount": "1", "quantity": "two"}]},
            "string",
        ),
    ],
)
def test_a_changed_type_is_named_from_where_it_began(
    lake: Lake, table: str, path: str, before: Any, after: Any, found: str
) -> None:
    put_days(lake, table, many(table, **before), [record(table, **before), *many(table, **after)],
             many(table, **after))  # fmt: skip
    drift = drift_of(lake, table)
    assert [(c.declared.path, str(c.began)) for c in drift.retyped] == [(path, "file1:2")]
    assert drift.retyped[0].found.startswith(found)
    assert not drift.vanished
    assert not drift.new


def test_the_order_in_which_days_were_loaded_does_not_matter(lake: Lake, tmp_path: Path) -> None:
    old, new = many(ACCOUNTS, phone="1"), without(many(ACCOUNTS, phone_number="1"), "phone")
    put_days(lake, ACCOUNTS, old, new, new)
    other = Lake(str(tmp_path / "other"))
    for number, records in ((2, new), (0, old), (1, new)):
        put_bronze(other, ACCOUNTS, records, day=day(number), file=f"file{number}")
    assert drift_of(lake, ACCOUNTS) == drift_of(other, ACCOUNTS)


# The command


@pytest.fixture
def command(lake: Lake) -> Callable[..., Result]:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["drift", *arguments], env={"C360_LAKE": lake.url})

    return run


def test_the_command_says_what_a_script_and_what_a_person_needs(
    lake: Lake, command: Callable[..., Result]
) -> None:
    new = without(many(ACCOUNTS, phone_number="1"), "phone")
    put_days(lake, ACCOUNTS, many(ACCOUNTS, phone="1"), new)
    result = command("--check")
    assert result.exit_code == 1, result.output
    assert "phone seems to be renamed to phone_number (sureness 100%) from file1:1" in result.output
    assert command().exit_code == 0
    (found,) = json.loads(command(ACCOUNTS, "--json").stdout)
    assert found["renamed"][0]["began"] == {
        "landed_on": "2026-01-03", "source_file": "file1", "line_number": 1,
    }  # fmt: skip
    assert found["new"][0]["records_by_landing_day"] == {"2026-01-03": 30}
    assert "did you mean ecommerce__accounts" in command("ecommerce__account").output


def test_the_command_on_an_empty_lake_says_what_to_do(command: Callable[..., Result]) -> None:
    result = command("--check")
    assert (result.exit_code, "customer360 run" in result.output) == (0, True)


# What a load samples


def loaded(lake: Lake, table: str, days: Sequence[date]) -> BronzeLoad:
    source, entity = spec(table)
    moment = datetime(2026, 2, 1, tzinfo=UTC)
    return load_bronze(lake, source.name, entity.name, days, batch_id="b", ingested_at=moment)


def sampled(lake: Lake, table: str, *days: date) -> EntityDrift:
    load = loaded(lake, table, days)
    return sampled_drift(lake, table, spec(table)[1], load.sample, days)


def test_a_load_notices_what_earlier_days_had(lake: Lake) -> None:
    for number in range(3):
        land(lake, ACCOUNTS, many(ACCOUNTS, phone="1"), day=day(number))
        assert not sampled(lake, ACCOUNTS, day(number))
    land(lake, ACCOUNTS, without(many(ACCOUNTS, phone_number="1"), "phone"), day=day(3))
    drift = sampled(lake, ACCOUNTS, day(3))
    first = "ecommerce/accounts/dt=2026-01-05/part.jsonl:1"
    assert spelled(drift) == {
        "new": [("phone_number", first)],
        "vanished": [("phone", first)],
        "retyped": [],
        "renamed": [("phone", "phone_number")],
    }
    # The days before are loaded again: they are as they were.
    assert not sampled(lake, ACCOUNTS, day(1), day(2))


def test_a_load_of_no_days_or_of_empty_files_misses_nothing(lake: Lake) -> None:
    put_days(lake, ACCOUNTS, many(ACCOUNTS))
    assert not sampled(lake, ACCOUNTS)
    land(lake, ACCOUNTS, [], day=day(1))
    assert not sampled(lake, ACCOUNTS, day(1))


def test_a_sample_is_the_first_records_of_each_file(lake: Lake) -> None:
    records = [record(ACCOUNTS, account_id=f"A{n}") for n in range(500)]
    land(lake, ACCOUNTS, records, name="one")
    land(lake, ACCOUNTS, records[:5], name="two")
    rows = loaded(lake, ACCOUNTS, [DAY]).sample.table().to_pylist()
    counts: dict[str, list[int]] = {}
    for row in rows:
        counts.setdefault(row["source_file"][-9:], []).append(row["line_number"])
    assert counts == {"one.jsonl": list(range(1, 201)), "two.jsonl": list(range(1, 6))}


# Fields with more than one path


def test_a_field_is_read_under_each_of_its_paths(engine: Engine) -> None:
    source, entity = spec(ORDERS)
    child = entity.children[0]
    named = {
        "email": ("customer.email", "mail"),
        "total_amount": ("grand_total",),
    }
    fields = tuple(dataclasses.replace(f, also=named.get(f.name, ())) for f in entity.fields)
    leaves = tuple(
        dataclasses.replace(f, also=("article",) if f.name == "sku" else ()) for f in child.fields
    )
    children = (dataclasses.replace(child, fields=leaves),)
    entity = dataclasses.replace(entity, fields=fields, children=children)
    line = {"line_number": 1, "quantity": 1, "line_amount": "1.00"}
    put_bronze(
        engine.lake,
        ORDERS,
        [
            record(ORDERS, order_id="old", lines=[line | {"sku": "P1"}]),
            without([record(ORDERS, order_id="new", customer={"email": "N@x.de"}, grand_total="7",
                            lines=[line | {"article": "P2"}])], "email", "total_amount")[0],
            record(ORDERS, order_id="blank", email=" ", mail="m@x.de", lines=[]),
        ],
    )  # fmt: skip
    load_days(engine, source, entity, [DAY], "EUR")
    tables = tables_of(source, entity)
    rows = engine.table(tables.silver).select("order_id", "email", "total_amount").collect()
    assert sorted((r[0], r[1], str(r[2])) for r in rows) == [
        ("blank", "m@x.de", "24.90"),
        ("new", "n@x.de", "7.00"),
        ("old", "ada@example.com", "24.90"),
    ]
    lines = engine.table(tables.children[0]).select("order_id", "sku").collect()
    assert sorted(tuple(r) for r in lines) == [("new", "P2"), ("old", "P1")]
    with open_reader(engine.lake) as reader:
        bronze = reader.table(keys.bronze(ORDERS))
        assert not find_drift(reader, bronze, ORDERS, entity).new


# A world whose faults are known


@pytest.mark.parametrize("seed", [3, 4])
def test_every_injected_change_is_found_and_nothing_else(tmp_path: Path, seed: int) -> None:
    lake = Lake(str(tmp_path / "lake"))
    landing, truth = Path(lake.landing), Path(lake.truth)
    simulate(landing, truth, customers=3000, days=16, seed=seed, faults=FaultLevel.HIGH)
    faults = pl.read_parquet(truth / "faults" / "*.parquet")
    for source in SOURCES:
        for entity in source.entities:
            days = landed_days(lake.landing, source.name, entity.name)
            load_bronze(lake, source.name, entity.name, days, batch_id="b", ingested_at=NOW)
            found = spelled(drift_of(lake, source.table(entity.name)))
            found["new"].sort()
            of_entity = faults.filter(source=source.name, entity=entity.name)
            assert found == _expected(of_entity, found), source.table(entity.name)


def _expected(
    faults: pl.DataFrame, found: Mapping[str, list[tuple[str, str]]]
) -> dict[str, list[tuple[str, str]]]:
    """What the truth lists, with the first file; lines only where it knows them."""
    expected = {name: list[tuple[str, str]]() for name in found}
    extra = _first(faults.filter(pl.col("kind").is_in(["extra_field", "extra_column"])))
    if extra:
        (place,) = [p for path, p in found["new"] if path == "export_batch"]
        file, line = extra
        # A whole file has the column from its first record on, which follows the header.
        assert place == f"{file}:{line or 2}"
        expected["new"].append(("export_batch", place))
    renamed = _first(faults.filter(kind="renamed_field"))
    if renamed:
        places = [p for path, p in found["vanished"] if path == "phone"]
        assert [p.rpartition(":")[0] for p in places] == [renamed[0]]
        expected["vanished"] = [("phone", places[0])]
        expected["renamed"] = [("phone", "phone_number")]
        expected["new"].append(next(n for n in found["new"] if n[0] == "phone_number"))
        assert expected["new"][-1][1].rpartition(":")[0] == renamed[0]
    return {name: sorted(findings) for name, findings in expected.items()}


def _first(faults: pl.DataFrame) -> tuple[str, int] | None:
    if faults.is_empty():
        return None
    return (
        faults.sort("landed_on", "source_file", "line_number")
        .select("source_file", "line_number")
        .row(0)
    )


def test_the_reserved_fields_of_a_repair_are_no_drift(lake: Lake) -> None:
    records = [r | {"_repairs": "f:1", "_reason": "x"} for r in many(ACCOUNTS)]
    put_days(lake, ACCOUNTS, records)
    assert not drift_of(lake, ACCOUNTS)
    put_days(lake, ACCOUNTS, [r | {"_other": "f:1"} for r in records])
    assert drift_of(lake, ACCOUNTS)
