"""What columns are made of: whole chains written out, and no personal column without its mark."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from customer360.resources.dbt import read_manifest, target_path
from customer360.serving import lineage_file
from customer360.serving.lineage import (
    ColumnKey,
    Lineage,
    LineageError,
    compute_lineage,
    origins,
    personal_sources,
    unmarked_columns,
)
from customer360.serving.lineage_file import ensure_lineage, read_lineage
from customer360.serving.published import read_gold
from customer360.settings import Settings

SETTINGS = Settings()


@pytest.fixture(scope="module")
def lineage() -> Lineage:
    ensure_lineage(SETTINGS)
    return read_lineage(SETTINGS)


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return read_manifest(SETTINGS)


def _made_of(lineage: Lineage, table: str, column: str) -> list[str]:
    return [origin.sql for origin in origins(lineage, ColumnKey("gold", table, column))]


def test_a_column_is_followed_through_every_view_to_silver(lineage: Lineage) -> None:
    email = ColumnKey("gold", "customer_360", "email")
    assert lineage[email] == [ColumnKey("gold", "dim_customers", "email")]
    assert _made_of(lineage, "customer_360", "email") == ["silver.customers.email"]
    assert _made_of(lineage, "dim_customers_history", "email") == ["silver.customers.email"]
    assert _made_of(lineage, "customer_360", "lifetime_spend_amount") == [
        "silver.ecommerce__orders.shipping_amount",
        "silver.ecommerce__orders.status",
        "silver.ecommerce__orders.total_amount",
        "silver.pos__receipts.total_amount",
    ]
    # What a rank is by counts, what it is within does not.
    assert _made_of(lineage, "fct_web_sessions", "landing_page_url") == [
        "silver.web__events.event_id",
        "silver.web__events.occurred_at",
        "silver.web__events.url",
    ]


def test_every_gold_column_has_a_lineage(lineage: Lineage, project: dict[str, Any]) -> None:
    missing = [
        f"{table.key.sql}.{column.name}"
        for table in read_gold(project)
        for column in table.columns
        if ColumnKey(*table.key, column.name) not in lineage
    ]
    assert missing == []


def test_no_gold_column_that_is_made_of_personal_ones_lacks_the_mark(
    lineage: Lineage, project: dict[str, Any]
) -> None:
    assert unmarked_columns(lineage, read_gold(project), personal_sources(project)) == []


def test_a_personal_column_without_mark_is_named(lineage: Lineage, project: dict[str, Any]) -> None:
    bare = json.loads(json.dumps(project))
    columns = bare["nodes"]["model.customer360.customer_360"]["columns"]
    del columns["email"]["config"]["meta"]["pii"]
    assert unmarked_columns(lineage, read_gold(bare), personal_sources(bare)) == [
        (
            "gold.customer_360.email is made of silver.customers.email: mark it `pii: true` below "
            "config.meta of its yml, or `pii: false` where it tells nothing of a person"
        )
    ]


def test_the_file_is_not_believed_once_the_project_has_changed(
    lineage: Lineage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (target_path(SETTINGS) / "column_lineage.json").read_text()
    # Not the project's own folder: other tests read there.
    monkeypatch.setattr(lineage_file, "target_path", lambda _: tmp_path)
    assert read_lineage(SETTINGS) == {}
    (tmp_path / "column_lineage.json").write_text(text)
    assert read_lineage(SETTINGS) == lineage
    changed = json.dumps(json.loads(text) | {"project": "another"})
    (tmp_path / "column_lineage.json").write_text(changed)
    assert read_lineage(SETTINGS) == {}


def _project(sql: str) -> dict[str, Any]:
    source = {"schema": "silver", "name": "people", "columns": {"id": {}, "email": {}}}
    node = {
        "resource_type": "model", "schema": "gold", "name": "a", "columns": {},
        "depends_on": {"nodes": ["source.people"]}, "compiled_code": sql,
    }  # fmt: skip
    return {"sources": {"source.people": source}, "nodes": {"model.a": node}}


def test_joins_and_filters_are_no_part_of_a_value() -> None:
    sql = """
        with p as (select * from silver.people where email is not null)
        select p.id, count(*) as people, max(upper(q.email)) as email
        from p join silver.people as q on q.id = p.id group by p.id
    """
    people = ColumnKey("silver", "people", "id")
    assert compute_lineage(_project(sql)) == {
        ColumnKey("gold", "a", "id"): [people],
        ColumnKey("gold", "a", "people"): [],
        ColumnKey("gold", "a", "email"): [people._replace(column="email")],
    }


def test_sql_that_cannot_be_read_is_named() -> None:
    with pytest.raises(LineageError, match="The SQL of a cannot be followed"):
        compute_lineage(_project("select id frm silver.people where ("))
