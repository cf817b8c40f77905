with source as (
    select * from {{ source('silver', 'web__events') }}
),

renamed as (
    select
        event_id,
        anonymous_id,
        account_id,
        event_type,
        occurred_at,
        url,
        referrer,
        utm_source,
        utm_medium,
        utm_campaign,
        sku,
        search_term,
        user_agent,
        has_analytics_consent,
        has_marketing_consent,
        landed_on
    from source
)

select * from renamed
