with events as (
    select * from {{ ref('stg_web__events') }}
),

visits as (
    -- Without a cookie the account tells who it was; without either the event stands alone.
    select
        *,
        case
            when anonymous_id is not null then concat('cookie|', anonymous_id)
            when account_id is not null then concat('account|', account_id)
            else concat('event|', event_id)
        end as visitor_id
    from events
),

ordered as (
    select
        *,
        row_number() over (partition by visitor_id order by occurred_at, event_id) as event_position,
        lag(occurred_at) over (partition by visitor_id order by occurred_at, event_id) as previous_at
    from visits
),

marked as (
    select
        *,
        case
            when previous_at is null then 1
            when unix_micros(occurred_at) - unix_micros(previous_at)
                >= {{ var('session_gap_minutes') }} * 60000000 then 1
            else 0
        end as starts_session
    from ordered
),

numbered as (
    select
        *,
        sum(starts_session) over (
            partition by visitor_id order by occurred_at, event_id
            rows between unbounded preceding and current row
        ) as session_number
    from marked
)

select
    event_id,
    visitor_id,
    session_number,
    lpad(cast(event_position as string), 10, '0') as event_place,
    anonymous_id,
    account_id,
    event_type,
    occurred_at,
    url,
    referrer,
    utm_source,
    utm_medium,
    utm_campaign,
    coalesce(utm_source, utm_medium, utm_campaign) is not null as has_utm,
    has_analytics_consent,
    has_marketing_consent
from numbered
