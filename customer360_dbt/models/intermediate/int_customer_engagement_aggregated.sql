with sessions as (
    select * from {{ ref('fct_web_sessions') }}
    where customer_id is not null
),

tickets as (
    select * from {{ ref('fct_tickets') }}
    where customer_id is not null
),

interactions as (
    select * from {{ ref('fct_interactions') }}
    where customer_id is not null
),

customers as (
    select * from {{ ref('stg_identity__customers') }}
),

web as (
    select
        customer_id,
        count(*) as session_count,
        sum(page_view_count) as page_view_count,
        sum(product_view_count) as product_view_count,
        sum(cart_add_count) as cart_add_count,
        count(case when is_cart_abandoned then 1 end) as abandoned_cart_count,
        max(ended_at) as last_session_at
    from sessions
    group by customer_id
),

service as (
    select
        customer_id,
        count(*) as ticket_count,
        count(case when is_open then 1 end) as open_ticket_count,
        {{ ratio("sum(csat_score)", "count(csat_score)") }} as average_csat_score,
        max(opened_at) as last_ticket_at
    from tickets
    group by customer_id
),

contacted as (
    select
        customer_id,
        count(case when source = 'social' then 1 end) as social_interaction_count,
        count(case when source = 'social' and interaction_type = 'review' then 1 end) as review_count,
        max(case when source = 'social' then occurred_at end) as last_social_interaction_at,
        count(case when interaction_type = 'campaign_sent' then 1 end) as campaign_sent_count,
        count(case when interaction_type = 'campaign_opened' then 1 end) as campaign_opened_count,
        count(case when interaction_type = 'campaign_clicked' then 1 end) as campaign_clicked_count,
        count(case when interaction_type = 'campaign_unsubscribed' then 1 end) as unsubscribe_count,
        max(case when interaction_type = 'campaign_sent' then occurred_at end) as last_campaign_sent_at,
        max(case when interaction_type = 'campaign_clicked' then occurred_at end)
            as last_campaign_clicked_at
    from interactions
    group by customer_id
),

joined as (
    select
        customers.customer_id,
        coalesce(web.session_count, 0) as session_count,
        coalesce(web.page_view_count, 0) as page_view_count,
        coalesce(web.product_view_count, 0) as product_view_count,
        coalesce(web.cart_add_count, 0) as cart_add_count,
        coalesce(web.abandoned_cart_count, 0) as abandoned_cart_count,
        web.last_session_at,
        coalesce(service.ticket_count, 0) as ticket_count,
        coalesce(service.open_ticket_count, 0) as open_ticket_count,
        service.average_csat_score,
        service.last_ticket_at,
        coalesce(contacted.social_interaction_count, 0) as social_interaction_count,
        coalesce(contacted.review_count, 0) as review_count,
        contacted.last_social_interaction_at,
        coalesce(contacted.campaign_sent_count, 0) as campaign_sent_count,
        coalesce(contacted.campaign_opened_count, 0) as campaign_opened_count,
        coalesce(contacted.campaign_clicked_count, 0) as campaign_clicked_count,
        coalesce(contacted.unsubscribe_count, 0) as unsubscribe_count,
        contacted.last_campaign_sent_at,
        contacted.last_campaign_clicked_at
    from customers
    left join web on web.customer_id = customers.customer_id
    left join service on service.customer_id = customers.customer_id
    left join contacted on contacted.customer_id = customers.customer_id
)

select * from joined
