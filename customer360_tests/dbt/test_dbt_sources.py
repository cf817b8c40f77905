"""The dbt sources are what the specs say."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from customer360.dbt_sources import SOURCES_FILE, render_sources, write_sources
from customer360.resources.dbt import PROJECT_DIR
from customer360.sources import SOURCES


def test_sources_file_is_what_the_specs_say() -> None:
    assert SOURCES_FILE.read_text() == render_sources(), (
        f"{SOURCES_FILE.name} is out of date: run `python -m customer360.dbt_sources`"
    )


def test_every_table_of_every_source_is_declared() -> None:
    tables = {t["name"] for t in yaml.safe_load(render_sources())["sources"][0]["tables"]}
    of_sources = {
        s.table(name)
        for s in SOURCES
        for e in s.entities
        for name in (e.name, *(c.name for c in e.children))
    }
    assert tables == of_sources | {
        "customers",
        "customer_links",
        "customer_identifiers",
        "customer_values",
        "match_records",
        "customer_matches",
        "customer_crosswalk",
        "households",
    }


def test_quarantine_of_every_entity_is_declared_and_read() -> None:
    tables = [t["name"] for t in yaml.safe_load(render_sources())["sources"][1]["tables"]]
    assert tables == [s.table(e.name) for s in SOURCES for e in s.entities]
    reader = PROJECT_DIR / "models/staging/quarantine/stg_quarantine__records.sql"
    assert re.findall(r'^    "(\w+)",$', reader.read_text(), re.MULTILINE) == tables


def test_composite_key_and_required_columns_are_tested() -> None:
    tables = {t["name"]: t for t in yaml.safe_load(render_sources())["sources"][0]["tables"]}
    assert tables["crm__consents"]["data_tests"] == [
        {
            "key_is_unique": {
                "name": "crm__consents_key_is_unique",
                "arguments": {"columns": ["contact_id", "purpose", "channel", "changed_at"]},
            }
        },
        {
            "columns_are_filled": {
                "name": "crm__consents_required_columns_are_filled",
                "arguments": {
                    "columns": ["contact_id", "purpose", "channel", "changed_at", "landed_on"]
                },
            }
        },
    ]


def test_a_reference_warns_and_a_personal_column_is_marked() -> None:
    tables = {t["name"]: t for t in yaml.safe_load(render_sources())["sources"][0]["tables"]}
    columns = {c["name"]: c for c in tables["ecommerce__orders"]["columns"]}
    assert columns["account_id"]["data_tests"] == [
        {
            "relationships": {
                "name": "ecommerce__orders_account_id_exists_in_ecommerce__accounts",
                "arguments": {
                    "to": "source('silver', 'ecommerce__accounts')",
                    "field": "account_id",
                },
                "config": {"severity": "warn"},
            }
        }
    ]
    assert columns["email"]["config"] == {"meta": {"pii": True}}


def test_write_sources_writes_the_rendering(tmp_path: Path) -> None:
    write_sources(tmp_path / "sources.yml")
    assert (tmp_path / "sources.yml").read_text() == render_sources()
