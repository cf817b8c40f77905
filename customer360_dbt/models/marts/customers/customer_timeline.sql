{{ config(meta={"sorted_by": ["customer_id", "occurred_at", "event_key"]}) }}
with orders as (
    select * from {{ ref('fct_orders') }}
    where customer_id is not null
),

sessions as (
    select * from {{ ref('fct_web_sessions') }}
    where customer_id is not null
),

tickets as (
    select * from {{ ref('fct_tickets') }}
    where customer_id is not null
),

interactions as (
    -- That a ticket was opened is told by the ticket.
    select * from {{ ref('fct_interactions') }}
    where customer_id is not null and source in ('social', 'marketing')
),

bought as (
    select
        order_key as event_key,
        customer_id,
        ordered_at as occurred_at,
        case
            when is_cancelled then 'cancelled_order'
            when is_return then 'return'
            else 'purchase'
        end as event_type,
        channel,
        status as subject,
        revenue_amount as amount,
        order_id as reference_id
    from orders
),

visited as (
    select
        session_key as event_key,
        customer_id,
        started_at as occurred_at,
        'web_session' as event_type,
        'web' as channel,
        -- What stands behind the path can be a person's: an address in a link of a newsletter.
        regexp_replace(landing_page_url, '[?#].*', '') as subject,
        cast(null as decimal(18,2)) as amount,
        session_key as reference_id
    from sessions
),

asked as (
    select
        {{ hash_key(["'service'", "'ticket_opened'", "ticket_id"]) }} as event_key,
        customer_id,
        opened_at as occurred_at,
        'ticket' as event_type,
        channel,
        topic as subject,
        cast(null as decimal(18,2)) as amount,
        ticket_id as reference_id
    from tickets
),

contacted as (
    select
        interaction_key as event_key,
        customer_id,
        occurred_at,
        case source when 'social' then 'social' else interaction_type end as event_type,
        channel,
        case source when 'social' then interaction_type else campaign_id end as subject,
        cast(null as decimal(18,2)) as amount,
        source_id as reference_id
    from interactions
),

unioned as (
    select * from bought
    union all
    select * from visited
    union all
    select * from asked
    union all
    select * from contacted
)

-- By customer, so that one customer's events lie side by side.
select * from unioned
