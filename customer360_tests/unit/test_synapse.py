"""The Synapse scripts: current, T-SQL, repeatable, and narrow in what they show."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify

from customer360.cli import main
from customer360.resources.dbt import read_manifest
from customer360.serving.metrics import read_metrics, sql
from customer360.serving.published import PublishingError, read_gold
from customer360.serving.synapse.names import sql_type
from customer360.serving.synapse.scripts import build_scripts, differences, write_scripts
from customer360.serving.synapse.security import row_filter
from customer360.settings import PROJECT_ROOT, Settings
from customer360_tests.tsql import batches, created, duckdb_sql, problems

SYNAPSE = PROJECT_ROOT / "synapse"
# How a batch may begin that can run again.
REPEATABLE = ("USE ", "IF ", "CREATE OR ALTER ", "GRANT ", "DENY ", "ALTER ROLE ", "DECLARE ")


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return read_manifest(Settings())


@pytest.fixture(scope="module")
def scripts(manifest: dict[str, Any]) -> dict[str, str]:
    return build_scripts(manifest)


def _rename(manifest: dict[str, Any], table: str, old: str, new: str) -> dict[str, Any]:
    """The manifest after somebody renamed a column of a gold table."""
    changed = copy.deepcopy(manifest)
    columns = changed["nodes"][f"model.customer360.{table}"]["columns"]
    changed["nodes"][f"model.customer360.{table}"]["columns"] = {
        (new if name == old else name): column | {"name": new if name == old else name}
        for name, column in columns.items()
    }
    return changed


def test_the_folder_is_what_gold_gives(scripts: dict[str, str]) -> None:
    assert list(differences(SYNAPSE, scripts)) == [], "run `make synapse`"


def test_the_order_of_the_manifest_does_not_matter(
    manifest: dict[str, Any], scripts: dict[str, str]
) -> None:
    # dbt orders what it parsed again behind what it had.
    kinds = ("metrics", "semantic_models", "nodes")
    turned = manifest | {kind: dict(reversed(manifest[kind].items())) for kind in kinds}
    assert build_scripts(turned) == scripts


def test_a_renamed_gold_column_is_named(manifest: dict[str, Any]) -> None:
    renamed = build_scripts(_rename(manifest, "fct_orders", "tender", "payment"))
    text = "varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8"
    assert list(differences(SYNAPSE, renamed)) == [
        f"03_tables.sql: -    [tender] {text},",
        f"03_tables.sql: +    [payment] {text},",
        "05_views.sql: -    t.[tender],",
        "05_views.sql: +    t.[payment],",
    ]


def test_the_command_writes_checks_and_removes(tmp_path: Path, scripts: dict[str, str]) -> None:
    folder = str(tmp_path / "synapse")
    assert CliRunner().invoke(main, ["synapse", "--output", folder]).exit_code == 0
    assert {p.name for p in Path(folder).iterdir()} == scripts.keys()
    (Path(folder) / "09_old.sql").write_text("USE master;\n")
    stale = CliRunner().invoke(main, ["synapse", "--output", folder, "--check"])
    assert (stale.exit_code, "09_old.sql: -USE master;" in stale.output) == (1, True)
    assert write_scripts(Path(folder), scripts) == ["09_old.sql"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "mine.sql").write_text("select 1;\n")
    refused = CliRunner().invoke(main, ["synapse", "--output", str(tmp_path / "mine")])
    assert (refused.exit_code, "no deploy.sql" in refused.output) == (1, True)
    assert CliRunner().invoke(main, ["synapse", "--output", folder, "--check"]).exit_code == 0


def test_deploy_runs_every_numbered_script_in_order(scripts: dict[str, str]) -> None:
    numbered = sorted(name for name in scripts if name[0].isdigit())
    lines = [line for line in scripts["deploy.sql"].splitlines() if line.startswith(":")]
    assert lines == [":on error exit", *(f":r {name}" for name in numbered)]


def test_every_batch_is_t_sql(scripts: dict[str, str]) -> None:
    found = [
        f"{name}: {problem}"
        for name, script in scripts.items()
        if name.endswith(".sql")
        for batch in batches(script)
        for problem in problems(batch)
    ]
    assert found == []


@pytest.mark.parametrize(
    "broken",
    [
        "CREATE OR ALTER VIEW gold.a AS SELECT t.[a] t.[b] FROM lake.a AS t;",
        "CREATE ROLE;",
        "GRANT SELECT SCHEMA::gold TO gold_reader;",
        "IF SCHEMA_ID(N'gold' IS NULL\n    EXEC(N'CREATE SCHEMA gold AUTHORIZATION dbo');",
        "IF SCHEMA_ID(N'gold') IS NULL\n    EXEC(N'CREATE SCHEMA gold FOR dbo');",
    ],
)
def test_a_broken_batch_is_seen(broken: str) -> None:
    assert list(problems(broken)) != []


def test_every_batch_can_run_again(scripts: dict[str, str]) -> None:
    once_only = []
    for name, script in scripts.items():
        before = ""
        for batch in batches(script) if name.endswith(".sql") else []:
            table = batch.split(" (")[0].removeprefix("CREATE EXTERNAL TABLE ")
            is_replaced = f"DROP EXTERNAL TABLE {table}'" in before
            if not batch.startswith(REPEATABLE) and not is_replaced:
                once_only.append(f"{name}: {batch}")
            before = batch
    assert once_only == []


def test_external_tables_have_the_types_of_the_contract(
    scripts: dict[str, str], manifest: dict[str, Any]
) -> None:
    text = "varchar({}) COLLATE Latin1_General_100_BIN2_UTF8"
    statements = [b for b in batches(scripts["03_tables.sql"]) if " lake.customer_segments (" in b]
    assert statements == [
        (
            "CREATE EXTERNAL TABLE lake.customer_segments (\n"
            f"    [customer_id] {text.format(1000)},\n"
            f"    [rfm_score] {text.format(1000)},\n"
            f"    [segment] {text.format(64)}\n"
            ") WITH (\n"
            "    LOCATION = 'gold/customer_segments/', DATA_SOURCE = lake, FILE_FORMAT = delta\n"
            ");"
        )
    ]
    kinds = {c.data_type: sql_type(c) for t in read_gold(manifest) for c in t.columns}
    assert {k: v for k, v in kinds.items() if k != "string"} == {
        "bigint": "bigint", "int": "int", "boolean": "bit", "date": "date",
        "timestamp": "datetime2(6)", "decimal(18,2)": "decimal(18,2)",
        "decimal(18,4)": "decimal(18,4)", "decimal(18,6)": "decimal(18,6)",
    }  # fmt: skip


def test_every_column_that_a_view_reads_is_there(scripts: dict[str, str]) -> None:
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for script in ("03_tables.sql", "04_security.sql"):
        for name, statement in created(scripts[script], "TABLE").items():
            layer, table = name.split(".")
            columns = {c.name: "text" for c in statement.find_all(exp.ColumnDef)}
            schema.setdefault(layer, {})[table] = columns
    # In the order in which they are created: each may read those before it.
    for script in ("04_security.sql", "05_views.sql", "06_metrics.sql"):
        for name, statement in created(scripts[script], "VIEW").items():
            view = qualify(statement.expression.copy(), schema=schema, dialect="tsql")
            layer, table = name.split(".")
            schema.setdefault(layer, {})[table] = dict.fromkeys(view.named_selects, "text")
    assert schema["lake"].keys() == schema["gold"].keys()
    for statement in created(scripts["06_metrics.sql"], "FUNCTION").values():
        (query,) = statement.find_all(exp.Select)
        qualify(query.copy(), schema=schema, dialect="tsql")


def test_rows_that_are_about_a_place_are_narrowed(manifest: dict[str, Any]) -> None:
    about = {"customer_id", "store_key", "country", "region", "place"}
    for table in read_gold(manifest):
        _, condition = row_filter(table)
        assert bool(condition) == bool(table.column_names & about), table.key.sql


def test_a_table_that_narrows_others_may_not_lose_its_columns(manifest: dict[str, Any]) -> None:
    with pytest.raises(PublishingError, match=r"gold.dim_stores: .*missing region"):
        build_scripts(_rename(manifest, "dim_stores", "region", "area"))


def test_a_type_without_counterpart_is_refused(manifest: dict[str, Any]) -> None:
    changed = copy.deepcopy(manifest)
    columns = changed["nodes"]["model.customer360.fct_orders"]["columns"]
    columns["line_count"]["data_type"] = "array<string>"
    with pytest.raises(PublishingError, match="Column line_count: found the type 'array<string>'"):
        build_scripts(changed)


class Database:
    """The views in DuckDB, whose rows a test sees as somebody."""

    def __init__(self, scripts: dict[str, str]) -> None:
        self.connection = duckdb.connect()
        for layer in ("lake", "security", "gold", "metrics"):
            self.connection.execute(f"create schema {layer}")
        for script in ("03_tables.sql", "04_security.sql"):
            for name, statement in created(scripts[script], "TABLE").items():
                kinds = {
                    c.name: c.args["kind"].sql(dialect="duckdb")
                    for c in statement.find_all(exp.ColumnDef)
                }
                # A bit is one of a bit string there.
                columns = ", ".join(f"{c} {k.replace('BIT', 'BOOLEAN')}" for c, k in kinds.items())
                self.connection.execute(f"create table {name} ({columns})")
        self.be("nobody")
        self.views = {
            name: statement
            for script in ("04_security.sql", "05_views.sql", "06_metrics.sql")
            for name, statement in created(scripts[script], "VIEW").items()
        }

    def be(self, name: str, *, may_see_people: bool = False) -> None:
        """Ask as this user from now on."""
        self.connection.execute(f"create or replace macro suser_sname() as '{name}'")
        self.connection.execute(
            "create or replace macro is_rolemember(role) as "
            f"case when role = 'gold_pii_reader' then {int(may_see_people)} end"
        )
        # DuckDB puts a macro's text into a view when the view is made.
        for view, statement in getattr(self, "views", {}).items():
            query = duckdb_sql(statement.expression)
            self.connection.execute(f"create or replace view {view} as {query}")

    def put(self, table: str, **values: object) -> None:
        """Add a row; columns that are not named are null."""
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        self.connection.execute(
            f"insert into {table} ({names}) values ({marks})", list(values.values())
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()


@pytest.fixture
def database(scripts: dict[str, str]) -> Iterator[Database]:
    database = Database(scripts)
    for user, country, region in (
        ("Ada@example.com", "*", "*"), ("ben@example.com", "DE", "*"),
        ("cleo@example.com", "DE", "North"), ("cleo@example.com", "DE", "West"),
    ):  # fmt: skip
        database.put("security.user_regions", user_name=user, country=country, region=region)
    for store, country, region in (
        ("s1", "DE", "North"), ("s2", "DE", "South"), ("s3", "FR", "North"), ("web", None, None),
    ):  # fmt: skip
        database.put("lake.dim_stores", store_key=store, country=country, region=region)
        database.put(
            "lake.fct_orders", order_key=f"o-{store}", store_key=store, channel="store",
            is_purchase=True, revenue_amount=Decimal("10.01"), customer_id="c1",
        )  # fmt: skip
    for customer, country in (("c1", "DE"), ("c2", "FR"), ("c3", None)):
        database.put(
            "lake.dim_customers", customer_id=customer, country=country,
            email=f"{customer}@x.example",
        )  # fmt: skip
        database.put("lake.fct_tickets", ticket_id=f"t-{customer}", customer_id=customer)
    database.put("lake.fct_tickets", ticket_id="t-unknown", customer_id=None)
    database.put("lake.dim_products", product_key="p1")
    yield database
    database.connection.close()


@pytest.mark.parametrize(
    ("user", "orders", "tickets"),
    [
        ("ada@example.com", "o-s1 o-s2 o-s3 o-web", "t-c1 t-c2 t-c3 t-unknown"),
        ("BEN@example.com", "o-s1 o-s2", "t-c1"),
        ("cleo@example.com", "o-s1", "t-c1"),
        ("eve@example.com", "", ""),
    ],
)
def test_a_reader_sees_the_rows_of_own_places(
    database: Database, user: str, orders: str, tickets: str
) -> None:
    database.be(user)
    seen = database.rows("select order_key from gold.fct_orders order by 1")
    assert [key for (key,) in seen] == orders.split()
    seen = database.rows("select ticket_id from gold.fct_tickets order by 1")
    assert [key for (key,) in seen] == tickets.split()
    assert database.rows("select product_key from gold.dim_products") == [("p1",)]


def test_personal_columns_are_null_without_the_role(database: Database) -> None:
    query = "select customer_id, country, email from gold.dim_customers order by 1"
    database.be("ben@example.com")
    assert database.rows(query) == [("c1", "DE", None)]
    database.be("ben@example.com", may_see_people=True)
    assert database.rows(query) == [("c1", "DE", "c1@x.example")]


def test_every_personal_column_is_behind_the_role(
    scripts: dict[str, str], manifest: dict[str, Any]
) -> None:
    bare = []
    views = created(scripts["05_views.sql"], "VIEW")
    for table in read_gold(manifest):
        selects = {e.alias_or_name: e for e in views[table.key.sql].expression.selects}
        for column in table.columns:
            is_behind = isinstance(selects[column.name].unalias(), exp.Case)
            if is_behind != bool(column.is_personal):
                bare.append(f"{table.key.sql}.{column.name}")
    assert bare == []


def test_figures_are_those_of_the_metrics_over_the_rows_that_a_reader_sees(
    database: Database, manifest: dict[str, Any]
) -> None:
    metrics = read_metrics(manifest)
    database.be("ben@example.com")
    shown = dict(database.rows("select name, value from metrics.figures"))
    direct = {
        name: database.rows(f"select {sql(metric)} from {metric.table.sql}")[0][0]
        for name, metric in metrics.items()
    }
    assert shown == direct
    assert (shown["revenue"], shown["active_customers"], shown["average_basket"]) == (
        Decimal("20.0200"), Decimal(1), Decimal("10.0100"),
    )  # fmt: skip


def test_scripts_hold_no_secret(scripts: dict[str, str]) -> None:
    text = "".join(scripts.values())
    assert "PASSWORD = N''$(MasterKeyPassword)''" in text
    assert "abfss://" not in text
