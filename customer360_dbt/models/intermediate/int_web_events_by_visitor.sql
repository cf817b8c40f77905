with events as (
    select * from {{ ref('stg_web__events') }}
),

visits as (
    select
        event_id,
        -- Without a cookie the account tells who it was; without either the event stands alone.
        case
            when anonymous_id is not null then concat('cookie|', anonymous_id)
            when account_id is not null then concat('account|', account_id)
            else concat('event|', event_id)
        end as visitor_id,
        anonymous_id,
        account_id,
        event_type,
        occurred_at,
        url,
        referrer,
        utm_source,
        utm_medium,
        utm_campaign,
        has_marketing_consent,
        landed_on
    from events
)

select * from visits
