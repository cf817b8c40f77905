"""The tables that identity resolution hands on, with their columns, types and meaning.

The tables are created from these lists; gold declares them as dbt sources. How they are filled is
in the other modules of this package.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from customer360 import keys


class Column(NamedTuple):
    """One column of an identity table."""

    name: str
    kind: str
    description: str


CUSTOMER_IDENTIFIERS: Final = keys.silver("customer_identifiers")
CUSTOMER_LINKS: Final = keys.silver("customer_links")
CUSTOMER_CROSSWALK: Final = keys.silver("customer_crosswalk")
CUSTOMER_VALUES: Final = keys.silver("customer_values")
CUSTOMERS: Final = keys.silver("customers")
HOUSEHOLDS: Final = keys.silver("households")
MATCH_RECORDS: Final = keys.silver("match_records")
CUSTOMER_MATCHES: Final = keys.silver("customer_matches")
# Models of matching; an input, kept when a lake is built again.
MATCH_MODELS: Final = keys.TableKey(keys.OPS, "match_models")
# What people decided; an input, kept when a lake is built again.
IDENTITY_DECISIONS: Final = keys.TableKey(keys.OPS, "identity_decisions")
# What ids stand for, so that they stay; inputs, kept when a lake is built again.
CUSTOMER_MEMBERS: Final = keys.TableKey(keys.OPS, "customer_members")
HOUSEHOLD_MEMBERS: Final = keys.TableKey(keys.OPS, "household_members")
# Which rules, model and decisions were applied, and approved by whom.
IDENTITY_CHANGES: Final = keys.TableKey(keys.OPS, "identity_changes")
# Kept between runs; nothing but `readings` reads them.
PHONE_NUMBERS: Final = keys.TableKey(keys.OPS, "phone_numbers")
SPELLINGS: Final = keys.TableKey(keys.OPS, "spellings")

# Types of identifier, the strongest first.
IDENTIFIER_TYPES: Final = (
    "account_id",
    "contact_id",
    "loyalty_card",
    "email",
    "phone",
    "social_handle",
    "anonymous_id",
)

IDENTIFIER_COLUMNS: Final = (
    Column("entity", "string", "Table of the source record, as crm__contacts."),
    Column(
        "record_key", "string", "Key of the source record; for web__events the browser's cookie."
    ),
    Column("identifier_type", "string", f"One of {', '.join(IDENTIFIER_TYPES)}."),
    Column("identifier_value", "string", "Normalised value."),
    Column("raw_value", "string", "Value as the source wrote it."),
    Column("is_linking", "boolean", "Whether the record is linked by the value."),
    Column(
        "excluded_because",
        "string",
        "Why the value does not link: placeholder, invalid (cannot be read), shared (by too many) "
        "or device (a cookie is a browser's).",
    ),
    Column("first_seen_on", "date", "First landing day on which the current version carried it."),
)

PHONE_COLUMNS: Final = (
    Column("dialled", "string", "Number as it is dialled."),
    Column("dialled_in", "string", "Country of the record; empty where the number names it."),
    Column("e164", "string", "What the number was read as; null: no valid number."),
    Column(
        "read_by",
        "string",
        "Numbering plans and default country; with others it may be read as something else.",
    ),
)

SPELLING_COLUMNS: Final = (
    Column("text", "string", "Name or place as written."),
    Column("spelling", "string", "In lower-case Latin letters and digits; null: none is left."),
    Column("letters", "string", "The spelling's letters in order."),
    Column("script", "string", "han (Chinese, Japanese) or other."),
    Column("read_by", "string", "Library and rules; with others it may be spelled differently."),
)

MATCH_RECORD_COLUMNS: Final = (
    Column("node", "string", "Type and value of the identifier that stands for the record."),
    Column("entity", "string", "Table of the source record; ecommerce__orders for a guest."),
    Column("record_key", "string", "Key of the source record; of a guest's newest order."),
    Column("first_name", "string", "Given name in Latin letters."),
    Column("last_name", "string", "Family name in Latin letters."),
    Column("first_letters", "string", "Letters of the given name, in order."),
    Column("last_letters", "string", "Letters of the family name, in order."),
    Column("script", "string", "han if the name was written in Han characters, else other."),
    Column("date_of_birth", "string", "Birth date, as 1980-05-01; null where it cannot be one."),
    Column("street", "string", "Street and number in Latin letters."),
    Column("postal_code", "string", "Postal code, letters and digits."),
    Column("city", "string", "Town in Latin letters."),
    Column("email", "string", "Mailbox, where it links."),
    Column("email_local", "string", "Part of the mailbox before the @."),
    Column("phone", "string", "Phone in E.164, where it links."),
    Column("loyalty_card", "string", "Loyalty card, where it links."),
)

# Fields that two records are compared by; what the levels mean is in `comparisons`.
COMPARED: Final = (
    "first_name", "last_name", "date_of_birth", "email", "phone", "loyalty_card", "address",
)  # fmt: skip

MATCH_COLUMNS: Final = (
    Column("node_1", "string", "The one record's node; the smaller text."),
    Column("node_2", "string", "The other record's node."),
    Column(
        "match_weight",
        "decimal(9,4)",
        "Evidence that both are one person, in powers of two of the odds; 0 is even odds.",
    ),
    Column("is_link", "boolean", "Taken for one person, unless something stronger stands against."),
    Column(
        "linked_by",
        "string",
        "What decides for it: email, phone or loyalty_card (the same), or model.",
    ),
    Column(
        "conflict",
        "string",
        "Why both are never put together directly: given_names, like_given_names, contacts, "
        "cards, birth_dates.",
    ),
    *(
        Column(f"{name}_level", "int", f"How well {name} agrees: -1 unknown, 0 not, else more.")
        for name in COMPARED
    ),
)

LINK_COLUMNS: Final = (
    Column("entity", "string", "Table of the source record, as pos__receipts."),
    Column(
        "record_key",
        "string",
        "Key of the source record, | between its parts; for web__events the browser's cookie.",
    ),
    Column("customer_id", "string", "Customer that the record belongs to."),
    Column(
        "matched_by",
        "string",
        "Identifier type that decided: the own id, else the strongest.",
    ),
    Column("is_personal", "boolean", "The record is an account, a contact or a profile."),
)

_IS_CURRENT: Final = Column(
    "is_current",
    "boolean",
    "Belongs to it; else once did, before the id was given up or took in others.",
)

CUSTOMER_MEMBER_COLUMNS: Final = (
    Column("identifier_type", "string", "Type of the identifier."),
    Column("identifier_value", "string", "Its normalised value."),
    Column("customer_id", "string", "Customer id."),
    _IS_CURRENT,
)

HOUSEHOLD_MEMBER_COLUMNS: Final = (
    Column("customer_id", "string", "Customer."),
    Column("household_id", "string", "Household id."),
    _IS_CURRENT,
)

CROSSWALK_COLUMNS: Final = (
    Column("customer_id", "string", "An id that was ever issued."),
    Column(
        "current_id",
        "string",
        "The id that stood for this customer in the period; null: nobody, all records were gone.",
    ),
    Column("valid_from", "timestamp", "Begin of the period: when the run that says so was at it."),
    Column("valid_to", "timestamp", "End of the period; null: it still holds."),
    Column(
        "reason",
        "string",
        "Why the period began: new, merge (another id took it in), split (it came out of another), "
        "manual (as merge or split, by a decision) or erased (all records were gone).",
    ),
    Column("run_id", "string", "The run that says so."),
)

# What is told of a customer, each by values of records.
ATTRIBUTES: Final = ("name", "email", "phone", "address", "date_of_birth", "loyalty_card")
# Beside `rules.CRITERIA`: why a value has its rank.
CHOSEN: Final = "chosen"
AS_GOOD: Final = "as_good"

VALUE_COLUMNS: Final = (
    Column("customer_id", "string", "Customer."),
    Column("attribute", "string", f"One of {', '.join(ATTRIBUTES)}."),
    Column("value", "string", "Value as one text; name and address whole."),
    Column("rank", "int", "1 for the value that is in the golden record, then the next best."),
    Column("entity", "string", "Table of the best record that claims the value."),
    Column("record_key", "string", "Key of that record, | between its parts."),
    Column("claimed_at", "timestamp", "When that record's current version came to be, UTC."),
    Column("record_count", "bigint", "Records of the customer that claim the value."),
    Column(
        "why",
        "string",
        "chosen, or what decided against it: deleted_record, less_complete, less_trusted, older; "
        "as_good where nothing but the order of tables and keys did.",
    ),
)

HOUSEHOLD_COLUMNS: Final = (
    Column("customer_id", "string", "Customer."),
    Column("household_id", "string", "Those who have or had a home or contact point in common."),
    Column("member_count", "bigint", "Customers in the household."),
)

CUSTOMER_COLUMNS: Final = (
    Column("customer_id", "string", "Customer."),
    Column("title", "string", "Title or form of address."),
    Column("first_name", "string", "Given name."),
    Column("last_name", "string", "Family name."),
    Column("name_source", "string", "Table that the name was taken from."),
    Column("name_claimed_at", "timestamp", "When the record that it is from came to be, UTC."),
    Column("email", "string", "E-mail address, lower case, as written by the person."),
    Column("email_source", "string", "Table that the address was taken from."),
    Column("email_claimed_at", "timestamp", "When the record that it is from came to be, UTC."),
    Column("phone", "string", "Phone in E.164 where it can be read."),
    Column("phone_source", "string", "Table that the phone was taken from."),
    Column("phone_claimed_at", "timestamp", "When the record that it is from came to be, UTC."),
    Column("street", "string", "Street and number."),
    Column("city", "string", "Town."),
    Column("postal_code", "string", "Postal code."),
    Column("country", "string", "ISO 3166 code."),
    Column("address_source", "string", "Table that the address was taken from."),
    Column("address_claimed_at", "timestamp", "When the record that it is from came to be, UTC."),
    Column("date_of_birth", "date", "Birth date."),
    Column("date_of_birth_source", "string", "Table that the birth date was taken from."),
    Column(
        "date_of_birth_claimed_at", "timestamp", "When the record that it is from came to be, UTC."
    ),
    Column("loyalty_card_number", "string", "Loyalty card seen last."),
    Column("loyalty_card_source", "string", "Table that the card was taken from."),
    Column(
        "loyalty_card_claimed_at", "timestamp", "When the record that it is from came to be, UTC."
    ),
    Column("record_count", "bigint", "Source records that belong to the customer."),
    Column("source_count", "bigint", "Source systems that know the customer."),
    Column("has_account", "boolean", "Has a web-shop account."),
    Column("has_contact", "boolean", "Has a CRM contact."),
    Column("has_loyalty_card", "boolean", "Has shown or registered a loyalty card."),
    Column("has_social_profile", "boolean", "Has a social-media profile that is linked."),
    Column("first_seen_on", "date", "First landing day of any of the records."),
    Column("last_seen_on", "date", "Last landing day of any of the records."),
    Column("is_deleted", "boolean", "Every account and contact of the customer has been deleted."),
)

TABLES: Final = {
    CUSTOMER_IDENTIFIERS: IDENTIFIER_COLUMNS,
    MATCH_RECORDS: MATCH_RECORD_COLUMNS,
    CUSTOMER_MATCHES: MATCH_COLUMNS,
    CUSTOMER_CROSSWALK: CROSSWALK_COLUMNS,
    CUSTOMER_MEMBERS: CUSTOMER_MEMBER_COLUMNS,
    CUSTOMER_LINKS: LINK_COLUMNS,
    CUSTOMER_VALUES: VALUE_COLUMNS,
    CUSTOMERS: CUSTOMER_COLUMNS,
    HOUSEHOLDS: HOUSEHOLD_COLUMNS,
    HOUSEHOLD_MEMBERS: HOUSEHOLD_MEMBER_COLUMNS,
    PHONE_NUMBERS: PHONE_COLUMNS,
    SPELLINGS: SPELLING_COLUMNS,
}


def record_key(key: Sequence[str]) -> str:
    """SQL of `record_key`, for every engine.

    A `|` inside a part, but for the last, is `%7C`, and a `%` is `%25`: two keys of a table never
    have one text.
    """
    *parts, last = key
    escaped = [f"replace(replace({part}, '%', '%25'), '|', '%7C')" for part in parts]
    return f"concat_ws('|', {', '.join([*escaped, last])})"


def typed(columns: tuple[Column, ...]) -> list[tuple[str, str]]:
    """(name, SQL type) of columns, in order."""
    return [(c.name, c.kind) for c in columns]


def ddl(columns: tuple[Column, ...]) -> str:
    """Columns as the engine spells a schema."""
    return ", ".join(f"{c.name} {c.kind}" for c in columns)
