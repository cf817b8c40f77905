"""The rules of identity as data: what counts as an identifier, what never links, whom to believe.

Everything a data steward may want to change is here and nothing else is: how values are read is in
`normalise`, how the rules are applied in the other modules of this package.
"""

from __future__ import annotations

from typing import Final, NamedTuple

ACCOUNTS: Final = "ecommerce__accounts"
ORDERS: Final = "ecommerce__orders"
CONTACTS: Final = "crm__contacts"
PROFILES: Final = "social__profiles"
TICKETS: Final = "service__tickets"
RECEIPTS: Final = "pos__receipts"
DELIVERIES: Final = "marketing__deliveries"
BROWSERS: Final = "web__events"

# Why a value does not link.
PLACEHOLDER: Final = "placeholder"  # typed to fill the field
INVALID: Final = "invalid"  # cannot be read, or a handle that exists on no or on several networks
SHARED: Final = "shared"  # more people than the limit
DEVICE: Final = "device"  # a cookie is a browser's, and a browser can be a family's

REASONS: Final = (PLACEHOLDER, INVALID, SHARED, DEVICE)

# Types that take part in the closure, strongest first: the strongest one a record carries decides.
LINKING_TYPES: Final = (
    "account_id",
    "contact_id",
    "loyalty_card",
    "email",
    "phone",
    "social_handle",
)

# A customer_id is made from the first of these that the customer has, and of several values from
# the smallest, so that it stays when activity is added.
ANCHOR_TYPES: Final = (
    "contact_id",
    "account_id",
    "loyalty_card",
    "email",
    "phone",
    "social_handle",
)


class Carrier(NamedTuple):
    """How the records of one table carry identifiers.

    Attributes:
        entity: Silver table.
        key: Its key columns.
        identifiers: Identifier type -> column that carries it.
        makes_customer: Types by which such a record alone is a customer.
        country: Column with the country that a phone number is read in.
        is_personal: The record describes a person.
    """

    entity: str
    key: tuple[str, ...]
    identifiers: dict[str, str]
    makes_customer: tuple[str, ...] = ()
    country: str = ""
    is_personal: bool = False


CARRIERS: Final = (
    Carrier(
        CONTACTS,
        ("contact_id",),
        {
            "contact_id": "contact_id",
            "loyalty_card": "loyalty_card_number",
            "email": "email",
            "phone": "phone",
        },
        makes_customer=("contact_id",),
        country="country",
        is_personal=True,
    ),
    Carrier(
        ACCOUNTS,
        ("account_id",),
        {
            "account_id": "account_id",
            "loyalty_card": "loyalty_card_number",
            "email": "email",
            "phone": "phone",
        },
        makes_customer=("account_id",),
        country="country",
        is_personal=True,
    ),
    Carrier(
        PROFILES,
        ("network", "handle"),
        {"social_handle": "handle", "email": "email"},
        # A handle alone is nobody the retailer could do business with.
        makes_customer=("email",),
        is_personal=True,
    ),
    Carrier(
        ORDERS,
        ("order_id",),
        {
            "account_id": "account_id",
            "email": "email",
            "phone": "phone",
            "anonymous_id": "anonymous_id",
        },
        makes_customer=("account_id", "email", "phone"),
        country="shipping_country",
    ),
    Carrier(
        TICKETS,
        ("ticket_id",),
        {"account_id": "account_id", "email": "email", "phone": "phone"},
        makes_customer=("account_id", "email", "phone"),
    ),
    Carrier(
        RECEIPTS,
        ("receipt_id",),
        {"loyalty_card": "loyalty_card_number", "email": "receipt_email"},
        makes_customer=("loyalty_card",),
    ),
    Carrier(
        DELIVERIES,
        ("delivery_id",),
        {
            "contact_id": "contact_id",
            "loyalty_card": "loyalty_card_number",
            "email": "email",
            "social_handle": "handle",
        },
    ),
)

# A personal record's own id always links, whatever it looks like: no account or contact may be
# lost.
OWN_ID: Final = {ACCOUNTS: "account_id", CONTACTS: "contact_id", PROFILES: "social_handle"}

# Mailbox providers under several domains, and those that ignore dots in the local part.
EMAIL_DOMAIN_ALIASES: Final = {"googlemail.com": "gmail.com"}
EMAIL_DOMAINS_IGNORING_DOTS: Final = ("gmail.com",)

# Words typed where a value was demanded; compared without dots, dashes, underscores, slashes,
# blanks.
PLACEHOLDER_WORDS: Final = (
    "0", "abc", "anon", "anonym", "anonymous", "asdf", "blank", "default", "donotreply", "dummy",
    "fake", "guest", "kein", "keine", "keinemail", "leer", "na", "nan", "nil", "nobody",
    "noemail", "nomail", "none", "noreply", "nospam", "null", "nv", "qwerty", "test", "tester",
    "testtest", "unbekannt", "undefined", "unknown", "xyz",
)  # fmt: skip
PLACEHOLDER_WORD_PATTERN: Final = "^test[0-9]+$"
PLACEHOLDER_DOMAINS: Final = (
    "invalid", "localhost", "na.com", "noemail.com", "nomail.com", "none.com", "noreply.com",
    "null.com", "test.com", "test.de", "x.xx",
)  # fmt: skip
# Digit runs typed to fill a number field; a value of one repeated character is one as well.
PLACEHOLDER_NUMBERS: Final = (
    "0123456789", "01234567890", "012345678", "123123123", "1234", "12345", "123456", "1234567",
    "12345678", "123456789", "1234567890", "12345678910", "987654321", "9876543210",
)  # fmt: skip

# Birth dates that forms and clerks fill in; those of years before the first are no one's either.
PLACEHOLDER_BIRTH_DATES: Final = ("1900-01-01", "1970-01-01")
FIRST_BIRTH_YEAR: Final = "1905"

# At an address with more customers than this only those of one family name live together.
HOME_LIMIT: Final = 8

# Two records with more evidence than this are one person (8 to 1 that they are), unless a rule of
# `conflicts` says otherwise. In powers of two of the odds.
LINK_WEIGHT: Final = 3.0
# Pairs are looked for among records that share one of the keys of `candidates`; a key that more
# records share says too little to be worth their pairs, which would grow with its square. The
# second limit is for keys that strangers often share: at a million records the first one let four
# times as many pairs through, and 77 of 340,000 links more.
BLOCK_LIMIT: Final = 60
CHANCE_LIMIT: Final = 6

# Golden record: what decides between two values of an attribute; the first difference counts. Named
# by what is then said of the value that lost.
CRITERIA: Final = (
    "deleted_record",  # living records come before deleted ones
    "less_complete",  # more of `PARTS` before less
    "less_trusted",  # the higher tier of `TRUST`
    "older",  # the newer record
)
# What makes a value whole. Address columns come from one record, and so do the parts of a name.
PARTS: Final[dict[str, tuple[str, ...]]] = {
    "name": ("first_name", "last_name"),
    "address": ("street", "postal_code", "city"),
}
# For each attribute, whom to believe, in tiers.
TRUST: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    # Clerks see papers and letters, account holders spell their own name, parcels go to anybody.
    "name": ((CONTACTS,), (ACCOUNTS,), (ORDERS,)),
    # A login address works, else the customer could not order.
    "email": ((ACCOUNTS,), (CONTACTS,), (ORDERS,), (TICKETS,), (RECEIPTS,), (PROFILES,)),
    "phone": ((ACCOUNTS,), (CONTACTS,), (ORDERS,), (TICKETS,)),
    # Customers and clerks both learn of a move: the newer one knows better.
    "address": ((ACCOUNTS, CONTACTS), (ORDERS,)),
    "date_of_birth": ((CONTACTS,), (ACCOUNTS,)),
    "loyalty_card": ((ACCOUNTS, CONTACTS, RECEIPTS),),
}
