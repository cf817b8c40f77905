"""Customer service: tickets with their messages, landed again at each change."""

from customer360.sources.spec import Case, ChildSpec, EntitySpec, Field, Format, Kind, SourceSpec

TICKET_MESSAGES = ChildSpec(
    name="ticket_messages",
    description="A message of a ticket; one row per ticket and position.",
    path="messages",
    fields=(
        Field("author", "Who wrote: customer or agent.", case=Case.LOWER),
        Field("sent_at", "When it was sent.", Kind.TIMESTAMP),
        Field("text", "What was written.", pii=True),
    ),
    position="message_number",
)

TICKETS = EntitySpec(
    name="tickets",
    description="A customer-service ticket in its newest version; one row per ticket.",
    landing_format=Format.JSONL,
    fields=(
        Field("ticket_id", "Id of the ticket.", required=True),
        Field("email", "Address the customer wrote from.", pii=True, case=Case.LOWER),
        Field("phone", "Phone the customer called from.", pii=True),
        Field("account_id", "Account, where the customer was logged in."),
        Field("channel", "How the customer reached the service.", case=Case.LOWER),
        Field("topic", "What it is about.", case=Case.LOWER),
        Field("priority", "Urgency given by the service.", case=Case.LOWER),
        Field("status", "Where the ticket stands.", case=Case.LOWER),
        Field("opened_at", "When it was opened.", Kind.TIMESTAMP),
        Field("updated_at", "When this version came to be.", Kind.TIMESTAMP, required=True),
        Field("closed_at", "When it was closed.", Kind.TIMESTAMP),
        Field("csat", "Satisfaction given by the customer, 1 to 5.", Kind.INTEGER),
    ),
    key=("ticket_id",),
    clock="updated_at",
    children=(TICKET_MESSAGES,),
    references=(("account_id", "ecommerce__accounts", "account_id"),),
)

SERVICE = SourceSpec(
    name="service",
    description="Customer service desk.",
    owner="customer-service@example.com",
    entities=(TICKETS,),
)
