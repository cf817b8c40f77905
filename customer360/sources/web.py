"""Web analytics: what browsers did on the shop's pages, by cookie and, after login, by account."""

from customer360.sources.spec import Case, EntitySpec, Field, Format, Kind, SourceSpec

EVENTS = EntitySpec(
    name="events",
    description="Something a browser did on the web shop; one row per event.",
    landing_format=Format.JSONL_GZ,
    fields=(
        Field("event_id", "Id of the event.", required=True),
        Field("anonymous_id", "Cookie of the browser.", pii=True),
        Field("account_id", "Account that is logged in; null before login."),
        Field(
            "event_type",
            "What happened, as page_view, product_view, add_to_cart, purchase.",
            case=Case.LOWER,
        ),
        Field("occurred_at", "When it happened.", Kind.TIMESTAMP, required=True),
        Field("url", "Page."),
        Field("referrer", "Page the browser came from."),
        Field("utm_source", "Campaign tag: source.", path="utm.source"),
        Field("utm_medium", "Campaign tag: medium.", path="utm.medium"),
        Field("utm_campaign", "Campaign tag: campaign.", path="utm.campaign"),
        Field("sku", "Product looked at."),
        Field("search_term", "What was searched for."),
        Field("user_agent", "Browser, as it names itself.", pii=True),
        Field(
            "has_analytics_consent", "Consent to analytics.", Kind.BOOLEAN, path="consent.analytics"
        ),
        Field(
            "has_marketing_consent", "Consent to marketing.", Kind.BOOLEAN, path="consent.marketing"
        ),
    ),
    key=("event_id",),
    clock="occurred_at",
    immutable=True,
    partitioned=True,
)

WEB = SourceSpec(
    name="web",
    description="Web analytics of the shop.",
    owner="web-analytics@example.com",
    entities=(EVENTS,),
)
