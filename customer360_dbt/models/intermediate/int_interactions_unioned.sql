with social as (
    select * from {{ ref('stg_social__interactions') }}
),

tickets as (
    select * from {{ ref('fct_tickets') }}
),

deliveries as (
    select * from {{ ref('int_deliveries_linked') }}
),

links as (
    select * from {{ ref('stg_identity__customer_links') }}
),

said as (
    select
        {{ hash_key(["'social'", "social.network", "social.interaction_id"]) }} as interaction_key,
        'social' as source,
        coalesce(social.kind, 'unknown') as interaction_type,
        social.network as channel,
        social.interaction_id as source_id,
        coalesce(own_links.customer_id, profile_links.customer_id) as customer_id,
        social.campaign_id,
        social.occurred_at
    from social
    left join links as own_links
        on own_links.entity = 'social__interactions'
        and own_links.record_key = concat_ws('|', social.network, social.interaction_id)
    left join links as profile_links
        on profile_links.entity = 'social__profiles'
        -- As `record_key` in customer360/identity/contract.py has it.
        and profile_links.record_key
        = concat(replace(replace(social.network, '%', '%25'), '|', '%7C'), '|', social.handle)
),

asked as (
    select
        {{ hash_key(["'service'", "'ticket_opened'", "ticket_id"]) }} as interaction_key,
        'service' as source,
        'ticket_opened' as interaction_type,
        channel,
        ticket_id as source_id,
        customer_id,
        cast(null as string) as campaign_id,
        opened_at as occurred_at
    from tickets
),
{% for response in ("sent", "opened", "clicked", "unsubscribed") %}
campaign_{{ response }} as (
    select
        {{ hash_key(["'marketing'", "'campaign_" ~ response ~ "'", "delivery_id"]) }} as interaction_key,
        'marketing' as source,
        'campaign_{{ response }}' as interaction_type,
        channel,
        delivery_id as source_id,
        customer_id,
        campaign_id,
        {{ response }}_at as occurred_at
    from deliveries
    where {{ response }}_at is not null
),
{% endfor %}
unioned as (
    select * from said
    union all
    select * from asked
    {%- for response in ("sent", "opened", "clicked", "unsubscribed") %}
    union all
    select * from campaign_{{ response }}
    {%- endfor %}
)

select * from unioned
