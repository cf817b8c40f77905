"""`customer360 quarantine`: list, show, export, repair and drop, on loaded landing files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from customer360.assets.accounting import account
from customer360.assets.bronze_load import load_bronze
from customer360.assets.silver_load import load_days, tables_of
from customer360.cli import main
from customer360.resources.lake import Lake
from customer360.resources.loads import Load, record_loads
from customer360.resources.session import Engine
from customer360_tests.builders import DAY, NOW, land, record, spec

RECEIPTS, EVENTS, ORDERS = "pos__receipts", "web__events", "ecommerce__orders"
LATER = date(2026, 1, 5)


def load(engine: Engine, table: str, *days: date) -> None:
    """Load landing files of days, as the assets do."""
    source, entity = spec(table)
    load_bronze(engine.lake, source.name, entity.name, days, batch_id="test", ingested_at=NOW)
    loaded = load_days(engine, source, entity, days, "EUR")
    accounts = account(engine, tables_of(source, entity), entity, days)
    assert not any(a.difference for a in accounts.values())
    loads = [Load(table, d, "files", 1, accounts[d].bronze, loaded.amounts[d]) for d in days]
    record_loads(engine.lake, table, loads, at=NOW)


@pytest.fixture
def customer360(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command, on the lake."""
    monkeypatch.setenv("C360_LAKE", lake.url)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["quarantine", *arguments], catch_exceptions=False)

    return call


@pytest.fixture
def receipts(engine: Engine) -> Engine:
    """Two bad receipts of one day and a torn one of another, among good ones."""
    good = record(RECEIPTS)
    much = {**good, "receipt_id": "R2", "total_amount": "12,50"}
    many = {**good, "receipt_id": "R3", "total_amount": "[red]"}
    land(engine.lake, RECEIPTS, [good, much, many])
    land(engine.lake, RECEIPTS, ["R4,S1", {**good, "receipt_id": "R5"}], day=LATER)
    load(engine, RECEIPTS, DAY, LATER)
    return engine


def place(day: date, line: int, name: str = "part.csv", table: str = RECEIPTS) -> str:
    return f"{table.replace('__', '/')}/dt={day}/{name}:{line}"


def edit(path: Path, changes: Mapping[int, Mapping[str, Any]]) -> None:
    """Change fields of the lines (from 1) of an exported file; other lines are removed."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    kept = [lines[number - 1] | change for number, change in changes.items()]
    path.write_text("".join(json.dumps(line) + "\n" for line in kept))


def counted(engine: Engine, table: str, day: date) -> dict[str, int]:
    accounts = account(engine, tables_of(*spec(table)), spec(table)[1], [day])
    assert accounts[day].difference == 0
    return dict(accounts[day].statuses)


@pytest.mark.usefixtures("receipts")
def test_list_counts_by_reason_with_age_owner_and_a_value(customer360: Any) -> None:
    found = json.loads(customer360("list", "--json").output)
    assert found == [
        {
            "entity": RECEIPTS, "rule": "not_a_number", "column": "total_amount", "records": 2,
            "dropped": 0, "oldest": "2026-01-02", "newest": "2026-01-02", "age_days": 3,
            "owner": "stores-data@example.com", "sample": "12,50",
        },
        {
            "entity": RECEIPTS, "rule": "wrong_field_count", "column": None, "records": 1,
            "dropped": 0, "oldest": "2026-01-05", "newest": "2026-01-05", "age_days": 0,
            "owner": "stores-data@example.com", "sample": None,
        },
    ]  # fmt: skip
    table = customer360("list", RECEIPTS, "--rule", "not_a_number").output
    assert "stores-data@example.com" in table and '"12,50"' in table
    assert "wrong_field_count" not in table
    assert customer360("list", "--day", "2026-01-03").output == "No such record.\n"


@pytest.mark.usefixtures("receipts")
def test_show_gives_reason_value_place_and_text(customer360: Any) -> None:
    shown = customer360("show", RECEIPTS, "--column", "total_amount").output.splitlines()
    assert shown[0] == f'{place(DAY, 3)}  not_a_number total_amount: "12,50"'
    assert '"receipt_id":"R2"' in shown[1]
    assert shown[2].endswith('"[red]"')
    assert len(customer360("show", RECEIPTS, "--limit", "1").output.splitlines()) == 2
    (torn,) = json.loads(
        customer360("show", RECEIPTS, "--rule", "wrong_field_count", "--json").output
    )
    assert (torn["record"], torn["record_line"]) == ("R4,S1", 2)


@pytest.mark.usefixtures("receipts")
def test_an_unknown_entity_is_answered_with_those_there_are(customer360: Any) -> None:
    result = customer360("show", "receipts")
    assert result.exit_code == 1
    assert "No entity 'receipts'" in result.output and RECEIPTS in result.output
    result = customer360("export", EVENTS, "--out", "x")
    assert "nothing of web__events has been loaded" in result.output


def test_exported_edited_and_repaired_records_leave_quarantine(
    receipts: Engine, customer360: Any, tmp_path: Path
) -> None:
    assert customer360("export", RECEIPTS, "--out", str(tmp_path)).exit_code == 0
    path = tmp_path / f"{RECEIPTS}.jsonl"
    assert "may hold edits" in customer360("export", RECEIPTS, "--out", str(tmp_path)).output
    torn = {"receipt_id": "R4", "sold_at": "2026-01-04T10:00:00Z", "total_amount": "1"}
    edit(path, {1: {"total_amount": "12.50"}, 3: torn})
    dry = customer360("repair", str(path), "--dry-run").output
    assert dry == "All 2 records of pos__receipts would land and repair theirs.\n"
    assert "Landed 2 records" in customer360("repair", str(path)).output
    assert "Has landed already" in customer360("repair", str(path)).output
    load(receipts, RECEIPTS, LATER)
    assert counted(receipts, RECEIPTS, DAY) == {"current": 1, "quarantined": 1, "repaired": 1}
    assert counted(receipts, RECEIPTS, LATER) == {"current": 3, "repaired": 1}
    assert "has been repaired" in customer360("repair", str(path)).output


def test_a_repair_says_line_by_line_what_is_wrong_and_lands_nothing(
    receipts: Engine, customer360: Any, tmp_path: Path
) -> None:
    good = record(RECEIPTS, receipt_id="R2")
    lines = [
        {**good, "_repairs": place(DAY, 3), "total_amount": "12,50"},
        {**good, "_repairs": place(DAY, 4), "receipt_id": "R5", "total_amount": "77"},
        good,
        {**good, "_repairs": place(DAY, 2), "receipt_id": "R7"},
        {**good, "_repairs": place(DAY, 4), "receipt_id": "R8"},
        {**good, "_repairs": place(LATER, 2), "receipt_id": "R9"},
    ]
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = customer360("repair", str(path), "--day", "2026-01-03")
    assert result.exit_code == 1
    told = {int(t.split(":")[0][7:]): t for t in result.output.splitlines() if "  line " in t}
    assert sorted(told) == [1, 2, 3, 4, 5, 6]
    assert 'still not_a_number total_amount: "12,50"' in told[1]
    assert "another record with the key 'R5' has other content" in told[2]
    assert "has no field '_repairs'" in told[3]
    assert "which is not in quarantine" in told[4]
    assert "as line 2 does" in told[5]
    assert "lands after 2026-01-03" in told[6]
    folder = Path(receipts.lake.landing) / "pos" / "receipts"
    assert [str(p.relative_to(folder)) for p in sorted(folder.rglob("*")) if p.is_file()] == [
        "dt=2026-01-02/part.csv",
        "dt=2026-01-05/part.csv",
    ]


def test_a_repair_may_be_any_landing_format(
    receipts: Engine, customer360: Any, tmp_path: Path
) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(
        f"_repairs,receipt_id,sold_at,total_amount\n{place(DAY, 3)},R2,2026-01-02T10:00:00Z,12.50\n"
    )
    assert "Landed 1 records" in customer360("repair", str(path), "--day", "2026-01-06").output
    load(receipts, RECEIPTS, date(2026, 1, 6))
    assert counted(receipts, RECEIPTS, DAY)["repaired"] == 1


@pytest.mark.usefixtures("receipts")
def test_a_file_that_repairs_nothing_is_refused(customer360: Any, tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(json.dumps(record(RECEIPTS)) + "\n[]\n")
    assert "has a field '_repairs'" in customer360("repair", str(path)).output


def test_a_second_attempt_repairs_the_first_and_the_original(
    engine: Engine, customer360: Any, tmp_path: Path
) -> None:
    land(engine.lake, ORDERS, ['{"order_id": "O1", "total', record(ORDERS, order_id="O2")])
    attempt = record(ORDERS, total_amount="?", _repairs=place(DAY, 1, "part.jsonl", ORDERS))
    land(engine.lake, ORDERS, [attempt], day=LATER)
    load(engine, ORDERS, DAY, LATER)
    assert customer360("export", ORDERS, "--out", str(tmp_path)).exit_code == 0
    path = tmp_path / f"{ORDERS}.jsonl"
    (line,) = [json.loads(text) for text in path.read_text().splitlines()]
    original, first = (place(d, 1, "part.jsonl", ORDERS) for d in (DAY, LATER))
    assert line == attempt | {
        "_repairs": f"{original};{first}",
        "_reason": "not_a_number total_amount: ?",
    }
    edit(path, {1: {"total_amount": "24.90"}})
    assert "Landed 1 records" in customer360("repair", str(path)).output
    load(engine, ORDERS, LATER)
    assert counted(engine, ORDERS, DAY) == {"current": 1, "repaired": 1}
    assert counted(engine, ORDERS, LATER) == {"current": 1, "repaired": 1}


def test_a_damaged_text_is_exported_beside_every_field(
    engine: Engine, customer360: Any, tmp_path: Path
) -> None:
    land(engine.lake, "ecommerce__accounts", ['{"account_id": "A1", "na'])
    load(engine, "ecommerce__accounts", DAY)
    customer360("export", "ecommerce__accounts", "--out", str(tmp_path))
    line = json.loads((tmp_path / "ecommerce__accounts.jsonl").read_text())
    assert line["_text"] == '{"account_id": "A1", "na'
    assert line["account_id"] is None
    assert line["address"] == dict.fromkeys(("street", "city", "postal_code", "country"))


def test_dropped_records_stay_counted_and_are_hidden(
    receipts: Engine, customer360: Any, tmp_path: Path
) -> None:
    chosen = ("drop", RECEIPTS, "--rule", "not_a_number", "--reason", "till broken")
    assert "Would drop these 2 records" in customer360(*chosen).output
    assert len(json.loads(customer360("list", "--json").output)) == 2
    assert "Dropped 2 records" in customer360(*chosen, "--by", "Ada", "--yes").output
    assert customer360(*chosen, "--yes").output == "No such record.\n"
    dropped = ("drop", RECEIPTS, "--rule", "wrong_field_count", "--reason", "torn", "--yes")
    assert "Dropped 1 records" in customer360(*dropped).output
    assert customer360("list").output == "Nothing in quarantine.\n"
    assert "nothing to export" in customer360("export", RECEIPTS, "--out", str(tmp_path)).output
    assert not list(tmp_path.glob("*.jsonl*"))
    load(receipts, RECEIPTS, DAY, LATER)
    counts = [r["dropped"] for r in json.loads(customer360("list", "--all", "--json").output)]
    assert counts == [2, 1]
    assert "(dropped: till broken)" in customer360("show", RECEIPTS, "--all").output
    assert counted(receipts, RECEIPTS, DAY) == {"current": 1, "quarantined": 2}


@pytest.mark.usefixtures("receipts")
def test_an_empty_reason_is_refused(customer360: Any) -> None:
    result = customer360("drop", RECEIPTS, "--reason", " ", "--yes")
    assert result.exit_code == 1 and "--reason is empty" in result.output


def test_replay_says_which_days_it_would_load(receipts: Engine, customer360: Any) -> None:
    said: Sequence[str] = customer360("replay", "--dry-run").output.splitlines()
    assert said == [f"Loading again: {RECEIPTS}, landing days 2026-01-02 to 2026-01-05"]
    land(receipts.lake, RECEIPTS, [record(RECEIPTS)], day=date(2026, 1, 3))
    said = customer360("replay", RECEIPTS, "--dry-run").output.splitlines()
    assert [line[-24:] for line in said] == ["2026-01-02 to 2026-01-02", "2026-01-05 to 2026-01-05"]
