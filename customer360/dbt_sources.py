"""The dbt project's declaration of the silver and quarantine tables, made from the sources' specs.

`python -m customer360.dbt_sources` writes it; a test fails when the file and the specs disagree.
The models that read these sources are written by hand, in `customer360_dbt/models`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import yaml

from customer360 import keys
from customer360.dbt_nodes import Node, References, table_node
from customer360.identity import contract as identity
from customer360.settings import PROJECT_ROOT
from customer360.sources import SOURCES
from customer360.sources.spec import ChildSpec, EntitySpec, Field, SourceSpec
from customer360.transforms.contract import (
    QUARANTINE_COLUMNS,
    child_columns,
    child_key,
    silver_columns,
)

SOURCES_FILE: Final = PROJECT_ROOT / "customer360_dbt/models/staging/_silver__sources.yml"
IDENTITY_OWNER: Final = "customer-data@example.com"

_HEADER: Final = (
    "# Made by `python -m customer360.dbt_sources` from customer360/sources and\n"
    "# customer360/identity/contract.py: edit those, not this file.\n"
)
# Identity columns that hold personal data under a name that no source declares.
_IDENTITY_PII: Final = frozenset(
    {
        "record_key",
        "identifier_value",
        "raw_value",
        "value",
        "node",
        "node_1",
        "node_2",
        "first_letters",
        "last_letters",
        "email_local",
        "loyalty_card",
    }
)

_QUARANTINE_FIELDS: Final = (
    Field(
        "record_key", "Key of the record, | between its parts; null where it has none.", pii=True
    ),
    Field("rule", "Why it cannot be used; docs/quarantine.md lists the rules."),
    Field(
        "column_name", "Column that the rule found; null where the record cannot be read at all."
    ),
    Field("value", "What stands there.", pii=True),
    Field("amount", "Money of the record, where it can be read."),
    Field("record", "The record as it came.", pii=True),
)


def render_sources(sources: Sequence[SourceSpec] = SOURCES) -> str:
    """The sources file of the dbt project, as text."""
    tables = [table for source in sources for table in _source_tables(source)]
    silver = {
        "name": keys.SILVER,
        "schema": keys.SILVER,
        "description": "Typed records of every source, and what identity resolution made of them.",
        "tables": tables + _identity_tables(),
    }
    quarantine = {
        "name": keys.QUARANTINE,
        "schema": keys.QUARANTINE,
        "description": "Records that cannot be used, with the reason.",
        "tables": [_quarantine_table(s, e) for s in sources for e in s.entities],
    }
    document = {"version": 2, "sources": [silver, quarantine]}
    return _HEADER + yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=110)


def write_sources(path: Path = SOURCES_FILE) -> None:
    """Write the sources file.

    Args:
        path: Where to; the dbt project's own file when omitted.
    """
    path.write_text(render_sources(), encoding="utf-8")


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key, and writes a repeated value out instead of pointing at it."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=indentless and flow)

    def ignore_aliases(self, data: object) -> bool:
        return data is data


def _source_tables(source: SourceSpec) -> list[Node]:
    """Tables of one source: each entity, then its child tables."""
    tables = []
    for entity in source.entities:
        tables.append(_entity_table(source, entity))
        tables += [_child_table(source, entity, child) for child in entity.children]
    return tables


def _entity_table(source: SourceSpec, entity: EntitySpec) -> Node:
    # A reference warns: an unknown sku or store joins an "unknown" member and loses nothing.
    references = {column: (table, to, "warn") for column, table, to in entity.references}
    return table_node(
        source.table(entity.name),
        entity.description,
        source.owner,
        silver_columns(entity),
        entity.fields,
        references,
        key=entity.key,
        filled=[f.name for f in entity.fields if f.required] + ["landed_on"],
    )


def _child_table(source: SourceSpec, entity: EntitySpec, child: ChildSpec) -> Node:
    position = [Field(child.position, "Position in the record, from 1.")] if child.position else []
    parent = source.table(entity.name)
    key = child_key(entity, child)
    required = [f.name for f in child.fields if f.required and f.name not in key]
    return table_node(
        source.table(child.name),
        child.description,
        source.owner,
        child_columns(entity, child),
        (*(entity.field(k) for k in entity.key), *position, *child.fields),
        {k: (parent, k, "error") for k in entity.key if len(entity.key) == 1},
        key=key,
        filled=[*key, *required, "landed_on"],
    )


def _quarantine_table(source: SourceSpec, entity: EntitySpec) -> Node:
    """Quarantine of one entity, without tests: any row may be there, how many is checked."""
    return table_node(
        source.table(entity.name),
        f"Records that cannot be used of {source.table(entity.name)}; one row per record.",
        source.owner,
        QUARANTINE_COLUMNS,
        _QUARANTINE_FIELDS,
        {},
        key=(),
        filled=(),
    )


def _identity_tables() -> list[Node]:
    """Tables of identity resolution."""
    customers, links = identity.CUSTOMERS.table, identity.CUSTOMER_LINKS.table
    identifiers = identity.CUSTOMER_IDENTIFIERS.table
    to_customers = {"customer_id": (customers, "customer_id", "error")}
    return [
        _identity_table(
            customers,
            "The golden record of a customer; one row per customer.",
            identity.CUSTOMER_COLUMNS,
            key=("customer_id",),
        ),
        _identity_table(
            links,
            "Which customer a source record belongs to; one row per entity and record.",
            identity.LINK_COLUMNS,
            key=("entity", "record_key"),
            references=to_customers,
        ),
        _identity_table(
            identifiers,
            "An identifier that a source record carries; one row per record, type and value.",
            identity.IDENTIFIER_COLUMNS,
            key=("entity", "record_key", "identifier_type", "identifier_value"),
        ),
        _identity_table(
            identity.CUSTOMER_VALUES.table,
            "What records claim of a customer, the best value first; one row per customer, "
            "attribute and value.",
            identity.VALUE_COLUMNS,
            key=("customer_id", "attribute", "value"),
            references=to_customers,
        ),
        # Gold looks these three up and depends on no key of theirs: no tests, which cost time in
        # each refresh.
        _identity_table(
            identity.MATCH_RECORDS.table,
            "A record that matching compares with others; one row per record, and per guest.",
            identity.MATCH_RECORD_COLUMNS,
        ),
        _identity_table(
            identity.CUSTOMER_MATCHES.table,
            "How much speaks for two records being one person; one row per pair that was compared.",
            identity.MATCH_COLUMNS,
        ),
        _identity_table(
            identity.CUSTOMER_CROSSWALK.table,
            "Ids that were ever issued and what stands for them; one row per id and period.",
            identity.CROSSWALK_COLUMNS,
        ),
        _identity_table(
            identity.HOUSEHOLDS.table,
            "Which household a customer belongs to; one row per customer.",
            identity.HOUSEHOLD_COLUMNS,
            key=("customer_id",),
            references=to_customers,
        ),
    ]


def _identity_table(
    name: str,
    description: str,
    columns: Sequence[identity.Column],
    *,
    key: tuple[str, ...] = (),
    references: References | None = None,
) -> Node:
    declared = {f.name for s in SOURCES for e in s.entities for f in e.fields if f.pii}
    personal = declared | _IDENTITY_PII
    fields = [Field(c.name, c.description, pii=c.name in personal) for c in columns]
    links = references or {}
    filled = [*key, *(c for c in links if c not in key)]
    return table_node(
        name, description, IDENTITY_OWNER, identity.typed(tuple(columns)), fields, links,
        key=key, filled=filled,
    )  # fmt: skip


if __name__ == "__main__":
    write_sources()
