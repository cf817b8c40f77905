with source as (
    select * from {{ source('silver', 'marketing__deliveries') }}
),

renamed as (
    select
        delivery_id,
        coalesce(campaign_id, 'unknown') as campaign_id,
        coalesce(assigned_group, 'unknown') as assigned_group,
        email,
        handle,
        loyalty_card_number,
        contact_id,
        sent_at,
        opened_at,
        clicked_at,
        unsubscribed_at,
        updated_at
    from source
)

select * from renamed
