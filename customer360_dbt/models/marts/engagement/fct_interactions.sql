with interactions as (
    select * from {{ ref('int_interactions_unioned') }}
),

dated as (
    select
        interaction_key,
        source,
        interaction_type,
        channel,
        source_id,
        customer_id,
        campaign_id,
        occurred_at,
        cast(occurred_at as date) as occurred_on
    from interactions
)

select * from dated
