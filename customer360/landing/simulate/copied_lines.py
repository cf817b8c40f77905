"""Lines that come a second time: repeated, contradicting, corrected, or with the same moment.

Here: making the copy of a good line that lands beside it or some days later. Not here: copies of
whole files (``fault_files``).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from customer360.landing.simulate.formats import EntityFormat
from customer360.landing.simulate.record_text import key_of, parse, write
from customer360.landing.simulate.sheet import Fault, Verdict


@dataclass(frozen=True)
class CopiedLine:
    """A line that is to land again, with its marks, verdict and fault."""

    line: bytes
    mark: dict[str, Any]
    verdict: Verdict | None
    fault: Fault


# What a contradicting copy of an immutable record says, and what a newer version changes.
_CONTRADICTIONS = {
    "pos/receipts": ("total_amount", "999.99", "111.11"),
    "pos/receipt_lines": ("line_amount", "999.99", "111.11"),
    "web/events": ("url", "https://shop.example/moved", "https://shop.example/gone"),
    "social/interactions": ("text", "(edited)", "(deleted)"),
    "crm/consents": ("status", "granted", "denied"),
}
_CHANGES: dict[str, tuple[str, Any]] = {
    "ecommerce/accounts": ("loyalty_card_number", "29000000000"),
    "ecommerce/orders": ("shipping_name", "Reception desk"),
    "social/profiles": ("followers", 1_000_001),
    "crm/contacts": ("title", "Dr"),
    "service/tickets": ("priority", "urgent"),
    "marketing/campaigns": ("name", "Renamed campaign"),
    "marketing/deliveries": ("unsubscribed_at", "2026-01-01T00:00:00Z"),
    "catalog/products": ("brand", "New brand"),
    "catalog/stores": ("region", "North"),
}


def copy_line(
    kind: str, entity: EntityFormat, line: bytes, mark: dict[str, Any]
) -> CopiedLine | None:
    """Return the copy of a good line, None where the record is not one to be copied so.

    Args:
        kind: one of ``COPY_KINDS``.
        entity: the line's entity.
        line: the line as it landed.
        mark: its marks; a correction's clock is one second later.
    """
    if kind == "repeated_record":
        return CopiedLine(line, mark, None, Fault(kind, "duplicate"))
    record = parse(entity, line)
    if record.get("op") == "D" or record.get("is_deleted"):
        return None
    if kind == "conflicting_copy":
        column, value, other = _CONTRADICTIONS[entity.folder]
        value = other if record[column] == value else value
        record[column] = value
        verdict = Verdict("conflicting_key", has_key=True, key=key_of(entity, record))
        fault = Fault(kind, "quarantined:conflicting_key", 0, column, value)
        return CopiedLine(write(entity, record), mark, verdict, fault)
    column, new = _CHANGES[entity.folder]
    record[column] = new
    if kind == "correction":
        mark = mark | {"_version_ms": mark["_version_ms"] + 1000}
        clock = str(entity.clock)
        moment = datetime.fromisoformat(record[clock]) + timedelta(seconds=1)
        record[clock] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return CopiedLine(
        write(entity, record), mark, None, Fault(kind, "superseded", 0, column, str(new))
    )
