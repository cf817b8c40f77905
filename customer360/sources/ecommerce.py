"""Web shop: accounts and orders, each landed again whenever it changes."""

from customer360.sources.spec import Case, ChildSpec, EntitySpec, Field, Format, Kind, SourceSpec

ACCOUNTS = EntitySpec(
    name="accounts",
    description="A web-shop account in its newest version; one row per account.",
    landing_format=Format.JSONL,
    fields=(
        Field("account_id", "Id of the account.", required=True),
        Field("email", "Login address.", pii=True, case=Case.LOWER),
        Field("phone", "Phone as typed by the customer.", pii=True),
        Field("first_name", "Given name.", pii=True),
        Field("last_name", "Family name.", pii=True),
        Field("date_of_birth", "Birth date.", Kind.DATE, pii=True),
        Field("street", "Street and number.", path="address.street", pii=True),
        Field("city", "Town.", path="address.city", pii=True),
        Field("postal_code", "Postal code.", path="address.postal_code", pii=True),
        Field("country", "ISO 3166 code.", path="address.country", case=Case.UPPER),
        Field("loyalty_card_number", "Loyalty card linked by the customer.", pii=True),
        Field("created_at", "When the account was opened.", Kind.TIMESTAMP),
        Field("updated_at", "When this version came to be.", Kind.TIMESTAMP, required=True),
        Field("is_deleted", "The customer closed the account.", Kind.BOOLEAN),
    ),
    key=("account_id",),
    clock="updated_at",
    deleted_by=("is_deleted", "true"),
)

ORDER_LINES = ChildSpec(
    name="order_lines",
    description=(
        "A line of a web order in the order's newest version; one row per order and line number."
    ),
    path="lines",
    fields=(
        Field("line_number", "Position in the order.", Kind.INTEGER, required=True),
        Field("sku", "Product ordered."),
        Field("quantity", "Pieces; negative for a return, 0 allowed.", Kind.INTEGER),
        Field(
            "returned_quantity", "Pieces of this line sent back so far, informative.", Kind.INTEGER
        ),
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
    key="line_number",
    amount="line_amount",
)

ORDERS = EntitySpec(
    name="orders",
    description="A web order in its newest version; one row per order.",
    landing_format=Format.JSONL,
    fields=(
        Field("order_id", "Id of the order.", required=True),
        Field("account_id", "Account that ordered; null for a guest."),
        Field("email", "Address given with the order.", pii=True, case=Case.LOWER),
        Field("phone", "Phone given with the order.", pii=True),
        Field("shipping_name", "Name on the parcel.", pii=True),
        Field("shipping_street", "Street and number.", path="shipping_address.street", pii=True),
        Field("shipping_city", "Town.", path="shipping_address.city", pii=True),
        Field(
            "shipping_postal_code", "Postal code.", path="shipping_address.postal_code", pii=True
        ),
        Field(
            "shipping_country", "ISO 3166 code.", path="shipping_address.country", case=Case.UPPER
        ),
        Field("ordered_at", "When the order was placed.", Kind.TIMESTAMP),
        Field("updated_at", "When this version came to be.", Kind.TIMESTAMP, required=True),
        Field(
            "status",
            "Where the order stands.",
            values=(
                "placed",
                "paid",
                "shipped",
                "delivered",
                "cancelled",
                "returned",
                "partially_returned",
            ),
            case=Case.LOWER,
        ),
        Field("currency", "ISO 4217 code of the amounts; the lake's when absent.", case=Case.UPPER),
        Field("shipping_amount", "Shipping paid by the customer.", Kind.MONEY),
        Field("total_amount", "Sum of the line amounts and shipping.", Kind.MONEY, required=True),
        Field("anonymous_id", "Cookie of the browser that ordered.", pii=True),
    ),
    key=("order_id",),
    clock="updated_at",
    currency="currency",
    amount="total_amount",
    children=(ORDER_LINES,),
    partitioned=True,
    references=(("account_id", "ecommerce__accounts", "account_id"),),
)

ECOMMERCE = SourceSpec(
    name="ecommerce",
    description="Web shop.",
    owner="web-shop-data@example.com",
    entities=(ACCOUNTS, ORDERS),
)
