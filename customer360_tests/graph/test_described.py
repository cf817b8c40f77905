"""What the UI shows of columns: sources, marks, links; at no cost that anybody waits for."""

from __future__ import annotations

import time
from typing import Any

import dagster as dg
import pytest

from customer360.build import build_definitions
from customer360.serving.lineage_file import ensure_lineage
from customer360.settings import Settings

SETTINGS = Settings(lake="/nowhere", docs_url="https://docs.example.com/c360")
LONGEST_SECONDS = 3


@pytest.fixture(scope="module")
def graph() -> dg.AssetGraph:
    ensure_lineage(SETTINGS)
    return build_definitions(SETTINGS).resolve_asset_graph()


def _metadata(graph: dg.AssetGraph, *path: str) -> Any:
    return graph.get(dg.AssetKey(path)).metadata


def test_columns_say_what_they_are_made_of_and_what_is_personal(graph: dg.AssetGraph) -> None:
    schema = _metadata(graph, "gold", "dim_customers")["dagster/column_schema"]
    email, source = (
        next(c for c in schema.columns if c.name == name) for name in ("email", "email_source")
    )
    assert (email.description, email.tags) == (
        "E-mail address.\n\nMade of `silver.customers.email`.",
        {"pii": ""},
    )
    assert (source.type, source.tags) == ("string", {})
    silver = _metadata(graph, "silver", "customers")["dagster/column_schema"]
    assert next(c.tags for c in silver.columns if c.name == "email") == {"pii": ""}


def test_lineage_leads_from_column_to_column_of_assets_that_are_there(
    graph: dg.AssetGraph,
) -> None:
    lineage = _metadata(graph, "gold", "customer_360")["dagster/column_lineage"]
    assert lineage.deps_by_column["email"] == [
        dg.TableColumnDep(asset_key=dg.AssetKey(["gold", "dim_customers"]), column_name="email")
    ]
    unknown = {
        dep.asset_key
        for key in graph.get_all_asset_keys()
        if "dagster/column_lineage" in graph.get(key).metadata
        for deps in graph.get(key).metadata["dagster/column_lineage"].deps_by_column.values()
        for dep in deps
    } - set(graph.get_all_asset_keys())
    assert unknown == set()


def test_every_asset_links_to_its_page_where_the_site_has_an_address(
    graph: dg.AssetGraph,
) -> None:
    links = {
        "/".join(key.path): graph.get(key).metadata["documentation"].url
        for key in graph.get_all_asset_keys()
    }
    root = "https://docs.example.com/c360"
    assert links["gold/fct_orders"] == f"{root}/dictionary.html#fct_orders"
    assert links["silver/customer_links"] == f"{root}/guides/identity.html"
    assert links["quarantine/crm__contacts"] == f"{root}/guides/quarantine.html"
    assert links["bronze/crm__contacts"] == f"{root}/guides/landing.html"
    bare = build_definitions(Settings(lake="/nowhere")).resolve_asset_graph()
    assert "documentation" not in _metadata(bare, "gold", "fct_orders")


def test_definitions_load_in_less_than_three_seconds_beyond_imports() -> None:
    started = time.process_time()
    build_definitions(SETTINGS).resolve_asset_graph()
    assert time.process_time() - started < LONGEST_SECONDS
