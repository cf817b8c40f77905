"""In-store tills: receipts and their lines, landed separately, which never change.

A return is a receipt of its own.
"""

from customer360.sources.spec import Case, EntitySpec, Field, Format, Kind, SourceSpec

RECEIPTS = EntitySpec(
    name="receipts",
    description="A receipt printed by a till, sale or return; one row per receipt.",
    landing_format=Format.CSV,
    fields=(
        Field("receipt_id", "Id of the receipt.", required=True),
        Field("store_id", "Store of the till."),
        Field("till_id", "Till inside the store."),
        Field(
            "sold_at",
            "When the receipt was printed; lands with its offset.",
            Kind.TIMESTAMP,
            required=True,
        ),
        Field("loyalty_card_number", "Loyalty card shown at the till.", pii=True),
        Field("payment_card_token", "Token that stands for the payment card.", pii=True),
        Field("receipt_email", "Address the receipt was mailed to.", pii=True, case=Case.LOWER),
        Field("currency", "ISO 4217 code of the amounts; the lake's when absent.", case=Case.UPPER),
        Field("total_amount", "Sum of the line amounts, tax included.", Kind.MONEY, required=True),
        Field("tender", "How it was paid: card, cash, voucher.", case=Case.LOWER),
    ),
    key=("receipt_id",),
    clock="sold_at",
    immutable=True,
    currency="currency",
    amount="total_amount",
    partitioned=True,
    references=(("store_id", "catalog__stores", "store_id"),),
)

RECEIPT_LINES = EntitySpec(
    name="receipt_lines",
    description="A line of a receipt; one row per receipt and line number.",
    landing_format=Format.CSV,
    fields=(
        Field("receipt_id", "Receipt that the line belongs to.", required=True),
        Field("line_number", "Position on the receipt.", Kind.INTEGER, required=True),
        Field("sku", "Product sold."),
        Field("quantity", "Pieces; negative for a return, 0 allowed.", Kind.INTEGER),
        Field("unit_price", "Price of one piece, informative.", Kind.DECIMAL),
        Field("discount_amount", "Discount taken off the line, informative.", Kind.MONEY),
        Field(
            "line_amount",
            "What the customer paid for the line: tax included, discount off; "
            "negative for a return.",
            Kind.MONEY,
            required=True,
        ),
    ),
    key=("receipt_id", "line_number"),
    immutable=True,
    amount="line_amount",
    partitioned=True,
    references=(
        ("receipt_id", "pos__receipts", "receipt_id"),
        ("sku", "catalog__products", "sku"),
    ),
)

POS = SourceSpec(
    name="pos",
    description="Point-of-sale system of the stores.",
    owner="stores-data@example.com",
    entities=(RECEIPTS, RECEIPT_LINES),
)
