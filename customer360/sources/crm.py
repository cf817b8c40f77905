"""CRM: contacts typed by clerks, as a change feed, and the consents they recorded."""

from customer360.sources.copies import TableCopy
from customer360.sources.spec import Case, EntitySpec, Field, Format, Kind, SourceSpec

CONTACTS = EntitySpec(
    name="contacts",
    description="A CRM contact in its newest version; one row per contact.",
    landing_format=Format.CSV,
    fields=(
        Field("contact_id", "Id of the contact.", required=True),
        Field(
            "op",
            "What the change feed says: I inserted, U updated, D deleted.",
            required=True,
            values=("I", "U", "D"),
            case=Case.UPPER,
        ),
        Field("title", "Title or form of address.", pii=True),
        Field("first_name", "Given name.", pii=True),
        Field("last_name", "Family name.", pii=True),
        Field("email", "E-mail address.", pii=True, case=Case.LOWER),
        Field("phone", "Phone as typed by the clerk.", pii=True),
        Field("street", "Street and number.", pii=True),
        Field("city", "Town.", pii=True),
        Field("postal_code", "Postal code.", pii=True),
        Field("country", "ISO 3166 code.", case=Case.UPPER),
        Field("date_of_birth", "Birth date.", Kind.DATE, pii=True),
        Field("loyalty_card_number", "Loyalty card handed out to the contact.", pii=True),
        Field("updated_at", "When this version came to be.", Kind.TIMESTAMP, required=True),
    ),
    key=("contact_id",),
    clock="updated_at",
    deleted_by=("op", "D"),
    copied_from=TableCopy("crm.contacts", changed_at="updated_at"),
)

CONSENTS = EntitySpec(
    name="consents",
    description=(
        "A consent given, denied or withdrawn; one row per contact, purpose, channel and moment."
    ),
    landing_format=Format.CSV,
    fields=(
        Field("contact_id", "Contact that decided.", required=True),
        Field("purpose", "What for, as marketing or profiling.", required=True, case=Case.LOWER),
        Field(
            "channel",
            "Through which channel, as email, sms, phone, post.",
            required=True,
            case=Case.LOWER,
        ),
        Field(
            "status", "The decision.", values=("granted", "denied", "withdrawn"), case=Case.LOWER
        ),
        Field("changed_at", "When the decision was recorded.", Kind.TIMESTAMP, required=True),
    ),
    key=("contact_id", "purpose", "channel", "changed_at"),
    clock="changed_at",
    immutable=True,
    references=(("contact_id", "crm__contacts", "contact_id"),),
    copied_from=TableCopy("crm.consents", changed_at="changed_at"),
)

CRM = SourceSpec(
    name="crm",
    description="Customer relationship management.",
    owner="crm-data@example.com",
    entities=(CONTACTS, CONSENTS),
)
