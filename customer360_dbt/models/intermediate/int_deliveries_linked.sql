with deliveries as (
    select * from {{ ref('stg_marketing__deliveries') }}
),

campaigns as (
    select * from {{ ref('stg_marketing__campaigns') }}
),

links as (
    select * from {{ ref('stg_identity__customer_links') }}
),

linked as (
    select
        deliveries.delivery_id,
        deliveries.campaign_id,
        campaigns.channel,
        deliveries.assigned_group,
        links.customer_id,
        deliveries.sent_at,
        deliveries.opened_at,
        deliveries.clicked_at,
        deliveries.unsubscribed_at
    from deliveries
    left join campaigns on campaigns.campaign_id = deliveries.campaign_id
    left join links
        on links.entity = 'marketing__deliveries'
        and links.record_key = deliveries.delivery_id
)

select * from linked
