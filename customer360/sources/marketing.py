"""Marketing: campaigns and what was sent to whom, with the control group that got nothing."""

from customer360.sources.spec import Case, EntitySpec, Field, Format, Kind, SourceSpec

CAMPAIGNS = EntitySpec(
    name="campaigns",
    description="A campaign in its newest version; one row per campaign.",
    landing_format=Format.CSV,
    fields=(
        Field("campaign_id", "Id of the campaign.", required=True),
        Field("name", "Name of the campaign."),
        Field("channel", "Through which channel.", case=Case.LOWER),
        Field("started_on", "First day.", Kind.DATE),
        Field("ended_on", "Last day.", Kind.DATE),
        Field("budget_amount", "Budget.", Kind.MONEY),
        Field("updated_at", "When this version came to be.", Kind.TIMESTAMP, required=True),
    ),
    key=("campaign_id",),
    clock="updated_at",
)

DELIVERIES = EntitySpec(
    name="deliveries",
    description=(
        "A person chosen for a campaign, treated or held out, with the response; "
        "one row per delivery."
    ),
    landing_format=Format.JSONL,
    fields=(
        Field("delivery_id", "Id of the delivery.", required=True),
        Field("campaign_id", "Campaign."),
        Field(
            "assigned_group",
            "Treatment (was sent something) or control (was held out).",
            path="group",
            values=("treatment", "control"),
            case=Case.LOWER,
        ),
        Field("email", "Address it went to.", pii=True, case=Case.LOWER),
        Field("handle", "Social profile it went to.", pii=True),
        Field("loyalty_card_number", "Loyalty card it was printed for.", pii=True),
        Field("contact_id", "CRM contact it went to."),
        Field("sent_at", "When it was sent; null for control.", Kind.TIMESTAMP),
        Field("opened_at", "When it was first opened.", Kind.TIMESTAMP),
        Field("clicked_at", "When it was first clicked.", Kind.TIMESTAMP),
        Field("unsubscribed_at", "When the receiver unsubscribed.", Kind.TIMESTAMP),
        Field("updated_at", "When this version came to be.", Kind.TIMESTAMP, required=True),
    ),
    key=("delivery_id",),
    clock="updated_at",
    partitioned=True,
    references=(("campaign_id", "marketing__campaigns", "campaign_id"),),
)

MARKETING = SourceSpec(
    name="marketing",
    description="Campaign management.",
    owner="marketing-data@example.com",
    entities=(CAMPAIGNS, DELIVERIES),
)
