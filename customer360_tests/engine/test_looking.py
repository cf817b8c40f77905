"""Looking at a lake from the command line: status, customer, query, fingerprint."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from customer360 import keys
from customer360.cli import main
from customer360.commands.query import QueryError, require_read
from customer360.commands.status import show_status
from customer360.resources.lake import Lake
from customer360.settings import Settings
from customer360_tests import looking_lake
from customer360_tests.looking_lake import ADA, BOB

Command = Callable[..., Result]


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The lake written by hand; nothing here changes it."""
    return looking_lake.build(tmp_path_factory.mktemp("looking"))


@pytest.fixture
def command(looked_at: Lake, tmp_path: Path) -> Command:
    """Runs `customer360 …` on that lake, with a Dagster home of its own."""
    environment = {"C360_LAKE": looked_at.url, "DAGSTER_HOME": str(tmp_path / "dagster")}

    def run(*arguments: str, lake: str | None = None) -> Result:
        extra = {"C360_LAKE": lake} if lake else {}
        return CliRunner().invoke(main, arguments, env=environment | extra)

    return run


def _json(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


# status


@pytest.fixture
def status(
    looked_at: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> dict[str, Any]:
    from rich.console import Console

    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    show_status(Settings(lake=looked_at.url), Console(), now=looking_lake.NOW, as_json=True)
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_status_tells_rows_version_and_last_landing_day_of_tables(status: dict[str, Any]) -> None:
    tables = {t["table"]: t for t in status["tables"]}
    contacts = tables["silver.crm__contacts"]
    assert (contacts["rows"], contacts["delta_version"], contacts["files"]) == (3, 0, 1)
    assert contacts["last_landed_on"] == "2026-01-02"
    assert contacts["bytes"] > 0
    assert tables["gold.fct_orders"]["last_landed_on"] is None


def test_status_judges_freshness_by_the_lake_and_by_now(status: dict[str, Any]) -> None:
    sources = {s["source"]: s for s in status["sources"]}
    crm, web = sources["crm"], sources["web"]
    assert (crm["hours_behind_lake"], crm["state_in_lake"]) == (48, "warn")
    assert (crm["hours_behind_now"], crm["state_now"]) == (60, "warn")
    assert (web["hours_behind_lake"], web["state_in_lake"], web["hours_behind_now"]) == (
        0,
        "fresh",
        12,
    )
    assert sources["pos"]["state_now"] == "never landed"


def test_status_tells_what_waits_and_what_strayed(status: dict[str, Any]) -> None:
    assert status["pending_days"] == ["2026-01-04"]
    assert status["is_gold_stale"] is True
    assert status["strays"] == ["fax"]


def test_status_counts_quarantine_and_issues(status: dict[str, Any]) -> None:
    entity = "crm__contacts"
    assert status["quarantine"] == [
        {"entity": entity, "rule": "missing", "column": "contact_id", "rows": 2},
        {"entity": entity, "rule": "bad_encoding", "column": None, "rows": 1},
    ]
    assert status["issues"] == [
        {"entity": entity, "rule": "not_a_date", "column": "date_of_birth", "rows": 2},
        {"entity": entity, "rule": "not_a_timestamp", "column": "updated_at", "rows": 1},
    ]


def test_status_shows_tables_for_people(command: Command) -> None:
    result = command("status")
    assert result.exit_code == 0, result.output
    assert "missing contact_id: 2" in result.output
    (header,) = (line for line in result.output.splitlines() if "rows" in line and "size" in line)
    assert "files" in header
    assert "Waiting to be loaded: landing day 2026-01-04" in result.output


def test_status_of_empty_lake_says_what_to_do_first(command: Command, tmp_path: Path) -> None:
    result = command("status", lake=str(tmp_path / "nothing"))
    assert result.exit_code == 0, result.output
    assert "customer360 simulate" in result.output


# customer


@pytest.mark.parametrize(
    ("typed", "found_by"),
    [
        (ADA, "customer id"),
        ("ADA@gmail.com", "email"),
        ("a.d.a+other@GoogleMail.com", "email"),
        ("O1", "key of ecommerce__orders"),
    ],
)
def test_customer_is_found_by_any_spelling(command: Command, typed: str, found_by: str) -> None:
    (found,) = _json(command("customer", typed, "--json"))
    assert (found["customer_id"], found["found_by"]) == (ADA, found_by)


def test_customer_shows_records_and_events_newest_first(command: Command) -> None:
    (found,) = _json(command("customer", ADA, "--json"))
    assert [r["record_key"] for r in found["records"]] == ["K1", "A1", "O1"]
    assert [(e["event"], e["detail"]) for e in found["events"]] == [
        ("store return", "R2, completed, -3.00"),
        ("social comment", "I1, chirp"),
        ("store order", "R1, completed, 10.50"),
    ]
    assert found["events"][0]["at"] == "2026-01-02T12:00:00Z"


def test_customer_shows_what_is_claimed_the_best_first(command: Command) -> None:
    (found,) = _json(command("customer", ADA, "--json"))
    assert [(v["attribute"], v["value"], v["why"]) for v in found["values"]] == [
        ("email", "ada@gmail.com", "chosen"),
        ("email", "ada@old.example", "less_trusted"),
    ]
    assert "What is claimed" in command("customer", ADA).output


def test_customer_says_which_gold_tables_are_missing(command: Command) -> None:
    result = command("customer", ADA)
    assert result.exit_code == 0, result.output
    for table in ("customer_360", "fct_web_sessions", "fct_tickets"):
        assert f"gold.{table} is not built yet" in result.output


def test_shared_identifier_lists_all_customers(command: Command) -> None:
    assert [c["customer_id"] for c in _json(command("customer", "030 123456", "--json"))] == [
        ADA,
        BOB,
    ]
    result = command("customer", "030 123456")
    assert "2 customers" in result.output
    assert ADA in result.output


def test_nobody_found_says_what_was_searched(command: Command) -> None:
    result = command("customer", "0151 10037422")
    assert result.exit_code == 1
    assert "No customer found" in result.output
    assert "+4915110037422" in result.output


def test_identifier_without_customer_names_its_records(command: Command) -> None:
    result = command("customer", "carl@example.com")
    assert result.exit_code == 1
    assert "service__tickets T9 (email)" in result.output


def test_spellings_agree_with_the_reading_of_columns(engine: Any) -> None:
    from pyspark.sql import functions as F

    from customer360.identity import normalise
    from customer360.identity.typed_identifiers import spellings

    typed = [
        "Ada@Example.com",
        "a.d.a+x@googlemail.com",
        "b.c+y@web.de",
        "29-1669 31720",
        "@Handle",
    ]
    rows = engine.session.createDataFrame([(t,) for t in typed], "raw string").select(
        "raw",
        normalise.email(F.col("raw")).value.alias("email"),
        normalise.loyalty_card(F.col("raw")).value.alias("card"),
        normalise.handle(F.col("raw")).alias("handle"),
    )
    for raw, email, card, handle in rows.collect():
        wanted = (
            email if raw.count("@") and not raw.startswith("@") else handle if "@" in raw else card
        )
        assert wanted in spellings(raw, "DE")


# query


def test_query_gives_json_without_loss(command: Command) -> None:
    sql = (
        "select order_id, total_amount, ordered_at, array(is_return) as flags from gold.fct_orders "
        "order by order_id"
    )
    assert _json(command("query", sql, "--format", "json"))[1] == {
        "order_id": "R2",
        "total_amount": "-3.00",
        "ordered_at": "2026-01-02T12:00:00Z",
        "flags": [True],
    }


def test_query_gives_complete_csv(command: Command) -> None:
    sql = "select id, cast(null as string) as empty, 'a,b' as text from range(60) order by id"
    lines = command("query", sql, "--format", "csv").stdout.splitlines()
    assert lines[:2] == ["id,empty,text", '0,,"a,b"']
    assert len(lines) == 61


def test_query_table_says_when_it_is_cut(command: Command) -> None:
    result = command("query", "select id from range(60) order by id")
    assert "The first 50 rows" in result.output
    assert "60 rows." in command("query", "select id from range(60)", "--limit", "60").output


def test_query_of_unknown_table_names_near_ones(command: Command) -> None:
    result = command("query", "select * from gold.fct_order")
    assert result.exit_code == 1
    assert "gold.fct_orders" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "sql",
    [
        "delete from gold.fct_orders",
        "insert into gold.fct_orders select 1",
        "with a as (select 1) insert into t select * from a",
        "-- a comment\ndrop table gold.fct_orders",
        "create table t (a int)",
        "merge into t using u on t.a = u.a when matched then delete",
        "select 1; drop table t",
        "",
        "set spark.sql.session.timeZone = 'UTC'",
    ],
)
def test_statement_that_does_not_read_is_refused(sql: str) -> None:
    with pytest.raises(QueryError):
        require_read(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "select 'delete from t; drop table u' as text;",
        "with a as (select 1) select * from a",
        "(select 1) union all (select 2)",
        "/* insert */ show tables in gold",
        'select "a;b"',
        "describe table gold.fct_orders",
    ],
)
def test_statement_that_reads_is_accepted(sql: str) -> None:
    require_read(sql)


# fingerprint


def test_fingerprint_command_compares_two_lakes(command: Command, tmp_path: Path) -> None:
    other = looking_lake.build(tmp_path)
    same = command("fingerprint", "--against", other.url)
    assert (same.exit_code, "The lakes hold the same." in same.output) == (0, True)
    looking_lake.write(other, keys.TableKey(keys.GOLD, "extra"), [("id", "string")], [{"id": "x"}])
    different = command("fingerprint", "--against", other.url, "--layer", "gold", "--json")
    assert different.exit_code == 1
    assert json.loads(different.stdout)["differences"] == ["gold.extra: missing here"]
