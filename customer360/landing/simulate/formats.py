"""How each entity lands: folder, file format, columns in order, keys, clock, money.

Here: the simulator's own reading of the landing formats (docs/landing.md), kept apart from
``customer360.sources`` on purpose: if the two disagree, the whole-pipeline test says so.
Not here: the faults an entity can suffer (``fault_kinds``).
"""

from dataclasses import dataclass
from enum import StrEnum


class FileKind(StrEnum):
    """The landing formats the world writes; the value is the file name's ending."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    JSON_LINES_GZIP = "jsonl.gz"
    JSON_ARRAY = "json"


@dataclass(frozen=True)
class EntityFormat:
    """One entity of one source system, as its files look.

    ``clock`` is None where records have no moment of their own (receipt lines). ``money`` are the
    required amounts; ``lines.`` in front means one per nested line.
    """

    source: str
    entity: str
    kind: FileKind
    keys: tuple[str, ...]
    clock: str | None
    columns: tuple[str, ...]
    money: tuple[str, ...] = ()
    is_immutable: bool = False

    @property
    def folder(self) -> str:
        """The entity's folder below the landing folder."""
        return f"{self.source}/{self.entity}"

    @property
    def is_csv(self) -> bool:
        """Whether files have a header line and comma separated rows."""
        return self.kind is FileKind.CSV


def _entity(
    folder: str,
    kind: FileKind,
    keys: str,
    clock: str | None,
    columns: str,
    *,
    money: str = "",
    is_immutable: bool = False,
) -> EntityFormat:
    source, entity = folder.split("/")
    words = (tuple(keys.split()), clock, tuple(columns.split()), tuple(money.split()))
    return EntityFormat(source, entity, kind, *words, is_immutable=is_immutable)


RECEIPTS = _entity(
    "pos/receipts",
    FileKind.CSV,
    "receipt_id",
    "sold_at",
    "receipt_id store_id till_id sold_at loyalty_card_number payment_card_token receipt_email"
    " currency total_amount tender",
    money="total_amount",
    is_immutable=True,
)
RECEIPT_LINES = _entity(
    "pos/receipt_lines",
    FileKind.CSV,
    "receipt_id line_number",
    None,
    "receipt_id line_number sku quantity unit_price discount_amount line_amount",
    money="line_amount",
    is_immutable=True,
)
ACCOUNTS = _entity(
    "ecommerce/accounts",
    FileKind.JSON_LINES,
    "account_id",
    "updated_at",
    "account_id email phone first_name last_name date_of_birth address loyalty_card_number"
    " created_at updated_at is_deleted",
)
ORDERS = _entity(
    "ecommerce/orders",
    FileKind.JSON_LINES,
    "order_id",
    "updated_at",
    "order_id account_id email phone shipping_name shipping_address ordered_at updated_at"
    " status currency lines shipping_amount total_amount anonymous_id",
    money="total_amount lines.line_amount",
)
EVENTS = _entity(
    "web/events",
    FileKind.JSON_LINES_GZIP,
    "event_id",
    "occurred_at",
    "event_id anonymous_id account_id event_type occurred_at url referrer utm sku search_term"
    " user_agent consent",
    is_immutable=True,
)
PROFILES = _entity(
    "social/profiles",
    FileKind.JSON_ARRAY,
    "network handle",
    "updated_at",
    "network handle display_name email followers updated_at",
)
INTERACTIONS = _entity(
    "social/interactions",
    FileKind.JSON_ARRAY,
    "network interaction_id",
    "occurred_at",
    "interaction_id network handle kind text occurred_at campaign_id",
    is_immutable=True,
)
CONTACTS = _entity(
    "crm/contacts",
    FileKind.CSV,
    "contact_id",
    "updated_at",
    "contact_id op title first_name last_name email phone street city postal_code country"
    " date_of_birth loyalty_card_number updated_at",
)
CONSENTS = _entity(
    "crm/consents",
    FileKind.CSV,
    "contact_id purpose channel changed_at",
    "changed_at",
    "contact_id purpose channel status changed_at",
    is_immutable=True,
)
TICKETS = _entity(
    "service/tickets",
    FileKind.JSON_LINES,
    "ticket_id",
    "updated_at",
    "ticket_id email phone account_id channel topic priority status opened_at updated_at"
    " closed_at csat messages",
)
CAMPAIGNS = _entity(
    "marketing/campaigns",
    FileKind.CSV,
    "campaign_id",
    "updated_at",
    "campaign_id name channel started_on ended_on budget_amount updated_at",
)
DELIVERIES = _entity(
    "marketing/deliveries",
    FileKind.JSON_LINES,
    "delivery_id",
    "updated_at",
    "delivery_id campaign_id group email handle loyalty_card_number contact_id sent_at"
    " opened_at clicked_at unsubscribed_at updated_at",
)
PRODUCTS = _entity(
    "catalog/products",
    FileKind.JSON_LINES,
    "sku",
    "updated_at",
    "sku name department category brand list_price unit_cost updated_at",
)
STORES = _entity(
    "catalog/stores",
    FileKind.CSV,
    "store_id",
    "updated_at",
    "store_id name city region country opened_on updated_at",
)

ENTITY_FORMATS = (
    RECEIPTS,
    RECEIPT_LINES,
    ACCOUNTS,
    ORDERS,
    EVENTS,
    PROFILES,
    INTERACTIONS,
    CONTACTS,
    CONSENTS,
    TICKETS,
    CAMPAIGNS,
    DELIVERIES,
    PRODUCTS,
    STORES,
)
