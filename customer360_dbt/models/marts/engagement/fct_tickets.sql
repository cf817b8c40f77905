with tickets as (
    select * from {{ ref('stg_service__tickets') }}
),

messages as (
    select * from {{ ref('stg_service__ticket_messages') }}
),

links as (
    select * from {{ ref('stg_identity__customer_links') }}
),

message_totals as (
    select
        ticket_id,
        count(*) as message_count,
        count(case when author = 'customer' then 1 end) as customer_message_count,
        count(case when author = 'agent' then 1 end) as agent_message_count,
        min(case when author = 'agent' then sent_at end) as first_answered_at
    from messages
    group by ticket_id
),

joined as (
    select
        tickets.ticket_id,
        links.customer_id,
        links.matched_by,
        tickets.channel,
        tickets.topic,
        tickets.priority,
        tickets.status,
        tickets.opened_at,
        cast(tickets.opened_at as date) as opened_on,
        message_totals.first_answered_at,
        tickets.closed_at,
        tickets.closed_at is null and coalesce(tickets.status not in ('closed', 'resolved'), true)
            as is_open,
        cast(
            floor((unix_seconds(message_totals.first_answered_at) - unix_seconds(tickets.opened_at)) / 60)
            as bigint
        ) as first_answer_minutes,
        cast(
            floor((unix_seconds(tickets.closed_at) - unix_seconds(tickets.opened_at)) / 60) as bigint
        ) as resolution_minutes,
        coalesce(message_totals.message_count, 0) as message_count,
        coalesce(message_totals.customer_message_count, 0) as customer_message_count,
        coalesce(message_totals.agent_message_count, 0) as agent_message_count,
        tickets.csat_score
    from tickets
    left join message_totals on message_totals.ticket_id = tickets.ticket_id
    left join links
        on links.entity = 'service__tickets'
        and links.record_key = tickets.ticket_id
)

select * from joined
