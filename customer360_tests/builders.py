"""Builders of test data: one valid record per entity with overrides; landing files; bronze rows."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from customer360 import keys
from customer360.resources.lake import Lake
from customer360.sources import SOURCES
from customer360.sources.spec import EntitySpec, Format, SourceSpec

DAY = date(2026, 1, 2)
NOW = datetime(2026, 1, 3, tzinfo=UTC)

_VALID: dict[str, dict[str, Any]] = {
    "pos__receipts": {
        "receipt_id": "R1",
        "store_id": "S1",
        "till_id": "T1",
        "sold_at": "2026-01-02T10:00:00+01:00",
        "currency": "EUR",
        "total_amount": "10.50",
        "tender": "card",
    },
    "pos__receipt_lines": {
        "receipt_id": "R1",
        "line_number": "1",
        "sku": "P1",
        "quantity": "1",
        "line_amount": "10.50",
    },
    "ecommerce__accounts": {
        "account_id": "A1",
        "email": "ada@example.com",
        "first_name": "Ada",
        "last_name": "Byron",
        "address": {"street": "Road 1", "city": "Town", "postal_code": "10115", "country": "DE"},
        "created_at": "2026-01-01T08:00:00Z",
        "updated_at": "2026-01-02T08:00:00Z",
        "is_deleted": False,
    },
    "ecommerce__orders": {
        "order_id": "O1",
        "account_id": "A1",
        "email": "ada@example.com",
        "ordered_at": "2026-01-02T09:00:00Z",
        "updated_at": "2026-01-02T09:00:00Z",
        "status": "placed",
        "currency": "EUR",
        "lines": [{"line_number": 1, "sku": "P1", "quantity": 2, "line_amount": "20.00"}],
        "shipping_amount": "4.90",
        "total_amount": "24.90",
    },
    "web__events": {
        "event_id": "E1",
        "anonymous_id": "C1",
        "event_type": "page_view",
        "occurred_at": "2026-01-02T09:00:00Z",
        "url": "https://shop.example/",
        "consent": {"analytics": True, "marketing": False},
    },
    "social__profiles": {
        "network": "chirp",
        "handle": "ada",
        "display_name": "Ada",
        "updated_at": "2026-01-02T09:00:00Z",
    },
    "social__interactions": {
        "network": "chirp",
        "interaction_id": "I1",
        "handle": "ada",
        "kind": "comment",
        "text": "fine",
        "occurred_at": "2026-01-02T09:00:00Z",
    },
    "crm__contacts": {
        "contact_id": "K1",
        "op": "I",
        "first_name": "Ada",
        "last_name": "Byron",
        "email": "ada@example.com",
        "country": "DE",
        "updated_at": "2026-01-02T08:00:00Z",
    },
    "crm__consents": {
        "contact_id": "K1",
        "purpose": "marketing",
        "channel": "email",
        "status": "granted",
        "changed_at": "2026-01-02T08:00:00Z",
    },
    "service__tickets": {
        "ticket_id": "T1",
        "email": "ada@example.com",
        "status": "open",
        "opened_at": "2026-01-02T08:00:00Z",
        "updated_at": "2026-01-02T08:00:00Z",
        "messages": [{"author": "customer", "sent_at": "2026-01-02T08:00:00Z", "text": "help"}],
    },
    "marketing__campaigns": {
        "campaign_id": "M1",
        "name": "Spring",
        "channel": "email",
        "started_on": "2026-01-01",
        "ended_on": "2026-01-31",
        "budget_amount": "100.00",
        "updated_at": "2026-01-01T08:00:00Z",
    },
    "marketing__deliveries": {
        "delivery_id": "D1",
        "campaign_id": "M1",
        "group": "treatment",
        "email": "ada@example.com",
        "sent_at": "2026-01-02T08:00:00Z",
        "updated_at": "2026-01-02T08:00:00Z",
    },
    "catalog__products": {
        "sku": "P1",
        "name": "Soap",
        "department": "Care",
        "category": "Bath",
        "brand": "Plain",
        "list_price": "10.50",
        "updated_at": "2026-01-01T08:00:00Z",
    },
    "catalog__stores": {
        "store_id": "S1",
        "name": "Centre",
        "city": "Town",
        "country": "DE",
        "updated_at": "2026-01-01T08:00:00Z",
    },
}


def record(entity: str, **overrides: Any) -> dict[str, Any]:
    """A valid record of an entity (`<source>__<entity>`); a field replaced by None is blank."""
    return {**_VALID[entity], **overrides}


def spec(table: str) -> tuple[SourceSpec, EntitySpec]:
    """Source and entity of a table name."""
    source_name, _, entity_name = table.partition("__")
    source = next(s for s in SOURCES if s.name == source_name)
    return source, next(e for e in source.entities if e.name == entity_name)


def land(
    lake: Lake,
    table: str,
    records: Sequence[Mapping[str, Any] | str],
    *,
    day: date = DAY,
    name: str = "part",
) -> Path:
    """Write a landing file in the entity's usual format; a text stands for a raw line."""
    source, entity = spec(table)
    folder = Path(lake.landing) / source.name / entity.name / f"dt={day}"
    folder.mkdir(parents=True, exist_ok=True)
    kind = entity.landing_format
    path = folder / f"{name}.{kind.value}"
    content = _csv(entity, records) if kind is Format.CSV else _json(kind, records)
    path.write_bytes(gzip.compress(content, mtime=0) if kind is Format.JSONL_GZ else content)
    return path


def _json(kind: Format, records: Sequence[Mapping[str, Any] | str]) -> bytes:
    lines = [r if isinstance(r, str) else json.dumps(r) for r in records]
    text = "[" + ",\n".join(lines) + "]" if kind is Format.JSON_ARRAY else "\n".join(lines) + "\n"
    return text.encode()


def _csv(entity: EntitySpec, records: Sequence[Mapping[str, Any] | str]) -> bytes:
    names = [f.source_path[-1] for f in entity.fields]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for row in records:
        if isinstance(row, str):
            out.write(row + "\n")
        else:
            writer.writerow(["" if row.get(n) is None else row[n] for n in names])
    return out.getvalue().encode()


def put_bronze(
    lake: Lake,
    table: str,
    records: Sequence[Mapping[str, Any] | str],
    *,
    day: date = DAY,
    file: str = "",
) -> None:
    """Write bronze rows of a day, as if a file with these records had been decoded."""
    from customer360.landing.decode import BRONZE_SCHEMA

    rows = [
        {
            "record": r if isinstance(r, str) else json.dumps(r),
            "source_file": file or f"{table}/dt={day}/part",
            "line_number": number,
            "batch_id": "test",
            "ingested_at": NOW,
            "landed_on": day,
        }
        for number, r in enumerate(records, start=1)
    ]
    batches = pa.Table.from_pylist(rows, schema=BRONZE_SCHEMA).to_batches()
    lake.replace_days(keys.bronze(table), batches, BRONZE_SCHEMA, [day])
