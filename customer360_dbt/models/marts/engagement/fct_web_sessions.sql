with events as (
    select * from {{ ref('int_web_events_sessionized') }}
),

links as (
    select * from {{ ref('stg_identity__customer_links') }}
),

sessions as (
    select
        visitor_id,
        session_number,
        min(anonymous_id) as anonymous_id,
        {{ latest("account_id") }} as account_id,
        {{ earliest("event_id") }} as first_event_id,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        count(*) as event_count,
        count(case when event_type = 'page_view' then 1 end) as page_view_count,
        count(case when event_type = 'product_view' then 1 end) as product_view_count,
        count(case when event_type = 'search' then 1 end) as search_count,
        count(case when event_type = 'add_to_cart' then 1 end) as cart_add_count,
        count(case when event_type = 'purchase' then 1 end) as purchase_count,
        {{ earliest("url") }} as landing_page_url,
        {{ earliest("referrer") }} as referrer_url,
        -- The three of one event, also where it has only two of them.
        nullif({{ earliest("case when has_utm then coalesce(utm_source, '') end") }}, '') as utm_source,
        nullif({{ earliest("case when has_utm then coalesce(utm_medium, '') end") }}, '') as utm_medium,
        nullif({{ earliest("case when has_utm then coalesce(utm_campaign, '') end") }}, '') as utm_campaign,
        cast({{ latest("cast(has_marketing_consent as string)") }} as boolean) as has_marketing_consent
    from events
    group by visitor_id, session_number
),

attributed as (
    select
        {{ hash_key(["coalesce(sessions.anonymous_id, sessions.visitor_id)", "sessions.first_event_id"]) }} as session_key,
        sessions.anonymous_id,
        sessions.account_id,
        coalesce(account_links.customer_id, browser_links.customer_id) as customer_id,
        case
            when account_links.customer_id is not null then 'account_id'
            else browser_links.matched_by
        end as matched_by,
        sessions.started_at,
        sessions.ended_at,
        cast(sessions.started_at as date) as started_on,
        unix_seconds(sessions.ended_at) - unix_seconds(sessions.started_at) as duration_seconds,
        sessions.event_count,
        sessions.page_view_count,
        sessions.product_view_count,
        sessions.search_count,
        sessions.cart_add_count,
        sessions.purchase_count,
        sessions.cart_add_count > 0 and sessions.purchase_count = 0 as is_cart_abandoned,
        sessions.landing_page_url,
        sessions.referrer_url,
        sessions.utm_source,
        sessions.utm_medium,
        sessions.utm_campaign,
        sessions.has_marketing_consent
    from sessions
    left join links as account_links
        on account_links.entity = 'ecommerce__accounts'
        and account_links.record_key = sessions.account_id
    left join links as browser_links
        on browser_links.entity = 'web__events'
        and browser_links.record_key = sessions.anonymous_id
)

select * from attributed
