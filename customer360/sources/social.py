"""Social media: profiles that talk to the retailer, and what they say.

Both land as pages of the networks' interfaces.
"""

from customer360.sources.copies import PagesCopy
from customer360.sources.spec import Case, EntitySpec, Field, Format, Kind, SourceSpec

PROFILES = EntitySpec(
    name="profiles",
    description="A social-media profile in its newest version; one row per network and handle.",
    landing_format=Format.JSON_ARRAY,
    fields=(
        Field("network", "Social network.", required=True, case=Case.LOWER),
        Field("handle", "Name of the profile on the network.", required=True, pii=True),
        Field("display_name", "Name as shown.", pii=True),
        Field("email", "Address, where the person shares it.", pii=True, case=Case.LOWER),
        Field("followers", "Number of followers.", Kind.INTEGER),
        Field("updated_at", "When this version came to be.", Kind.TIMESTAMP, required=True),
    ),
    key=("network", "handle"),
    clock="updated_at",
    copied_from=PagesCopy("v1/profiles"),
)

INTERACTIONS = EntitySpec(
    name="interactions",
    description="A mention, comment, like, message or review; one row per network and interaction.",
    landing_format=Format.JSON_ARRAY,
    fields=(
        Field("network", "Social network.", required=True, case=Case.LOWER),
        Field("interaction_id", "Id of the interaction on the network.", required=True),
        Field("handle", "Profile that interacted.", pii=True),
        Field(
            "kind",
            "What it was.",
            values=("mention", "comment", "like", "message", "review"),
            case=Case.LOWER,
        ),
        Field("text", "What was written.", pii=True),
        Field("occurred_at", "When it happened.", Kind.TIMESTAMP, required=True),
        Field("campaign_id", "Campaign it refers to."),
    ),
    key=("network", "interaction_id"),
    clock="occurred_at",
    immutable=True,
    partitioned=True,
    references=(("campaign_id", "marketing__campaigns", "campaign_id"),),
    copied_from=PagesCopy("v1/interactions"),
)

SOCIAL = SourceSpec(
    name="social",
    description="Social media.",
    owner="social-media@example.com",
    entities=(PROFILES, INTERACTIONS),
)
