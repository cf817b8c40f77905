"""The kinds of faults, how often each level makes them, and which entities can suffer them.

Here: tables only; docs/simulator.md says what each kind looks like and what has to become of it.
Not here: how a line (``fault_lines``), a copy (``copied_lines``) or a file (``fault_files``) is
spoiled.
"""

from dataclasses import dataclass

from customer360.landing.simulate.formats import EntityFormat, FileKind
from customer360.landing.simulate.parameters import FaultLevel


@dataclass(frozen=True)
class FaultRates:
    """Shares of a level: ``lines`` of records with a fault, ``files`` per kind of file fault.

    ``renamed_from`` is the first day on which the shop sends ``phone_number`` for ``phone``.
    """

    lines: float
    files: float
    renamed_from: int


RATES = {
    FaultLevel.LOW: FaultRates(lines=0.004, files=0.006, renamed_from=20),
    FaultLevel.HIGH: FaultRates(lines=0.04, files=0.04, renamed_from=8),
}

# Columns that are not required: a bad value there is an issue of the row, not its end.
OPTIONAL_NUMBERS = {
    "pos/receipt_lines": ("quantity", "unit_price", "discount_amount"),
    "ecommerce/orders": ("shipping_amount",),
    "social/profiles": ("followers",),
    "service/tickets": ("csat",),
    "marketing/campaigns": ("budget_amount",),
    "catalog/products": ("list_price", "unit_cost"),
}
OPTIONAL_DATES = {
    "ecommerce/accounts": ("date_of_birth", "created_at"),
    "crm/contacts": ("date_of_birth",),
    "service/tickets": ("opened_at", "closed_at"),
    "marketing/campaigns": ("started_on", "ended_on"),
    "marketing/deliveries": ("sent_at", "opened_at"),
    "catalog/stores": ("opened_on",),
}
WITH_SKU = frozenset({"pos/receipt_lines", "ecommerce/orders", "web/events"})
WITH_CURRENCY = frozenset({"pos/receipts", "ecommerce/orders"})

LINE_KINDS = (
    "truncated_record", "not_json", "unclosed_quote", "too_few_fields", "too_many_fields",
    "invalid_utf8", "missing_key", "missing_clock", "missing_money", "not_a_number",
    "impossible_clock", "future_clock", "wrong_type", "impossible_date", "unknown_sku",
    "extra_field", "currency_not_supported", "op_not_allowed",
)  # fmt: skip
COPY_KINDS = ("repeated_record", "conflicting_copy", "correction", "same_timestamp")
FILE_KINDS = (
    "late_file", "repeated_file", "byte_order_mark", "extra_column", "empty_file",
    "header_only_file", "truncated_gzip", "unreadable_file",
)  # fmt: skip
# Two more come with the world: `renamed_field` from a day on, `deletion` where a customer asks.
FAULT_KINDS = (*LINE_KINDS, *COPY_KINDS, *FILE_KINDS, "renamed_field", "deletion")


def kinds_for(entity: EntityFormat) -> tuple[str, ...]:
    """Return the kinds of line and copy faults records of ``entity`` can have."""
    is_array, is_csv = entity.kind is FileKind.JSON_ARRAY, entity.is_csv
    can_suffer = {
        # A broken element would break the whole array, not one record of it.
        "truncated_record": not is_csv and not is_array,
        "not_json": not is_csv and not is_array,
        "unclosed_quote": is_csv,
        "too_few_fields": is_csv,
        "too_many_fields": is_csv,
        "invalid_utf8": not is_array,
        "missing_key": True,
        "missing_clock": entity.clock is not None,
        "missing_money": bool(entity.money),
        "not_a_number": bool(entity.money),
        "impossible_clock": entity.clock is not None,
        "future_clock": entity.clock is not None,
        "wrong_type": entity.folder in OPTIONAL_NUMBERS,
        "impossible_date": entity.folder in OPTIONAL_DATES,
        "unknown_sku": entity.folder in WITH_SKU,
        "extra_field": not is_csv,
        "currency_not_supported": entity.folder in WITH_CURRENCY,
        "op_not_allowed": entity.folder == "crm/contacts",
        "repeated_record": True,
        "conflicting_copy": entity.is_immutable,
        "correction": not entity.is_immutable,
        "same_timestamp": not entity.is_immutable,
    }
    return tuple(kind for kind in (*LINE_KINDS, *COPY_KINDS) if can_suffer[kind])
