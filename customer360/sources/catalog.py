"""Reference data: products and stores."""

from customer360.sources.spec import Case, EntitySpec, Field, Format, Kind, SourceSpec

PRODUCTS = EntitySpec(
    name="products",
    description="A product in its newest version; one row per sku.",
    landing_format=Format.JSONL,
    fields=(
        Field("sku", "Stock-keeping unit: id of the product.", required=True),
        Field("name", "Name of the product."),
        Field("department", "Department, the widest grouping."),
        Field("category", "Category inside the department."),
        Field("brand", "Brand."),
        Field("list_price", "Price without discounts.", Kind.DECIMAL),
        Field("unit_cost", "What one piece costs the retailer.", Kind.DECIMAL),
        Field("updated_at", "When this version came to be.", Kind.TIMESTAMP, required=True),
    ),
    key=("sku",),
    clock="updated_at",
)

STORES = EntitySpec(
    name="stores",
    description="A store in its newest version; one row per store.",
    landing_format=Format.CSV,
    fields=(
        Field("store_id", "Id of the store.", required=True),
        Field("name", "Name of the store."),
        Field("city", "Town."),
        Field("region", "Sales region."),
        Field("country", "ISO 3166 code.", case=Case.UPPER),
        Field("opened_on", "Day it opened.", Kind.DATE),
        Field("updated_at", "When this version came to be.", Kind.TIMESTAMP, required=True),
    ),
    key=("store_id",),
    clock="updated_at",
)

CATALOG = SourceSpec(
    name="catalog",
    description="Product and store catalog.",
    owner="master-data@example.com",
    entities=(PRODUCTS, STORES),
    warn_after_hours=24 * 7,
    fail_after_hours=24 * 30,
)
