"""The tables that identity resolution hands on, with their columns, types and meaning.

The tables are created from these lists; gold declares them as dbt sources. How they are filled is
in the other modules of this package.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from customer360 import keys


class Column(NamedTuple):
    """One column of an identity table."""

    name: str
    kind: str
    description: str


CUSTOMER_IDENTIFIERS: Final = keys.silver("customer_identifiers")
CUSTOMER_LINKS: Final = keys.silver("customer_links")
CUSTOMERS: Final = keys.silver("customers")
# Kept between runs; nothing but `phones` reads it.
PHONE_NUMBERS: Final = keys.TableKey(keys.OPS, "phone_numbers")

# Types of identifier, and how strong a link by it is; the first version links by all of them
# exactly.
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
        "Why the value does not link: placeholder, invalid (cannot be read), shared (by too many), "
        "conflict (another person's as well) or device (a cookie is a browser's).",
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

LINK_COLUMNS: Final = (
    Column("entity", "string", "Table of the source record, as pos__receipts."),
    Column(
        "record_key",
        "string",
        "Key of the source record, | between its parts; for web__events the browser's cookie.",
    ),
    Column("customer_id", "string", "Customer that the record belongs to."),
    Column("matched_by", "string", "Identifier type that decided; the first of IDENTIFIER_TYPES."),
    Column("is_personal", "boolean", "The record is an account, a contact or a profile."),
)

CUSTOMER_COLUMNS: Final = (
    Column("customer_id", "string", "Customer."),
    Column("title", "string", "Title or form of address."),
    Column("first_name", "string", "Given name."),
    Column("last_name", "string", "Family name."),
    Column("name_source", "string", "Table that the name was taken from."),
    Column("email", "string", "E-mail address, lower case, as written by the person."),
    Column("email_source", "string", "Table that the address was taken from."),
    Column("phone", "string", "Phone in E.164 where it can be read."),
    Column("phone_source", "string", "Table that the phone was taken from."),
    Column("street", "string", "Street and number."),
    Column("city", "string", "Town."),
    Column("postal_code", "string", "Postal code."),
    Column("country", "string", "ISO 3166 code."),
    Column("address_source", "string", "Table that the address was taken from."),
    Column("date_of_birth", "date", "Birth date."),
    Column("date_of_birth_source", "string", "Table that the birth date was taken from."),
    Column("loyalty_card_number", "string", "Loyalty card seen last."),
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


def typed(columns: tuple[Column, ...]) -> list[tuple[str, str]]:
    """(name, SQL type) of columns, in order."""
    return [(c.name, c.kind) for c in columns]
