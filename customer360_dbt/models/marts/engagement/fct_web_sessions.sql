{#- A visitor's sessions depend on that visitor's events alone. Where the run process knows on which days
    events have changed since this table was built, only the visitors of these days are divided into
    sessions again, and those who lost an event: they have fewer events now than their sessions count.
    Who the visitors are is asked of every session, as any link may be new. -#}
{%- set changed_days = days_changed_since_built() -%}
with events as (
    select * from {{ ref('int_web_events_by_visitor') }}
),

links as (
    select * from {{ ref('stg_identity__customer_links') }}
),
{% if changed_days is not none %}
standing as (
    select * from {{ this }}
),

visitors as (
    select
        visitor_id,
        count(*) as event_count,
        max(case when {{ is_on_day("landed_on", changed_days) }} then 1 else 0 end) as is_changed
    from events
    group by visitor_id
),

visitors_standing as (
    select visitor_id, sum(event_count) as event_count
    from standing
    group by visitor_id
),

unchanged as (
    select visitors.visitor_id
    from visitors
    inner join visitors_standing
        on visitors_standing.visitor_id = visitors.visitor_id
        and visitors_standing.event_count = visitors.event_count
    where visitors.is_changed = 0
),

chosen as (
    select events.*
    from events
    left anti join unchanged on unchanged.visitor_id = events.visitor_id
),
{% else %}
chosen as (
    select * from events
),
{% endif %}
ordered as (
    select
        *,
        coalesce(utm_source, utm_medium, utm_campaign) is not null as has_utm,
        row_number() over (partition by visitor_id order by occurred_at, event_id) as event_position,
        lag(occurred_at) over (partition by visitor_id order by occurred_at, event_id) as previous_at
    from chosen
),

marked as (
    select
        *,
        -- Ten digits, so that text sorts as the events do.
        lpad(cast(event_position as string), 10, '0') as event_place,
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
),

grouped as (
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
    from numbered
    group by visitor_id, session_number
),

measured as (
    select
        {{ hash_key(["coalesce(anonymous_id, visitor_id)", "first_event_id"]) }} as session_key,
        visitor_id,
        anonymous_id,
        account_id,
        started_at,
        ended_at,
        cast(started_at as date) as started_on,
        unix_seconds(ended_at) - unix_seconds(started_at) as duration_seconds,
        event_count,
        page_view_count,
        product_view_count,
        search_count,
        cart_add_count,
        purchase_count,
        cart_add_count > 0 and purchase_count = 0 as is_cart_abandoned,
        landing_page_url,
        referrer_url,
        utm_source,
        utm_medium,
        utm_campaign,
        has_marketing_consent
    from grouped
),

sessions as (
    select * from measured
    {%- if changed_days is not none %}
    union all
    select
        standing.session_key,
        standing.visitor_id,
        standing.anonymous_id,
        standing.account_id,
        standing.started_at,
        standing.ended_at,
        standing.started_on,
        standing.duration_seconds,
        standing.event_count,
        standing.page_view_count,
        standing.product_view_count,
        standing.search_count,
        standing.cart_add_count,
        standing.purchase_count,
        standing.is_cart_abandoned,
        standing.landing_page_url,
        standing.referrer_url,
        standing.utm_source,
        standing.utm_medium,
        standing.utm_campaign,
        standing.has_marketing_consent
    from standing
    left semi join unchanged on unchanged.visitor_id = standing.visitor_id
    {%- endif %}
),

attributed as (
    select
        sessions.session_key,
        sessions.visitor_id,
        sessions.anonymous_id,
        sessions.account_id,
        coalesce(account_links.customer_id, browser_links.customer_id) as customer_id,
        case
            when account_links.customer_id is not null then 'account_id'
            else browser_links.matched_by
        end as matched_by,
        sessions.started_at,
        sessions.ended_at,
        sessions.started_on,
        sessions.duration_seconds,
        sessions.event_count,
        sessions.page_view_count,
        sessions.product_view_count,
        sessions.search_count,
        sessions.cart_add_count,
        sessions.purchase_count,
        sessions.is_cart_abandoned,
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
