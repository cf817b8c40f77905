{{ config(meta={"sorted_by": ["customer_id", "as_of_date"]}) }}
with customers as (
    select * from {{ ref('dim_customers') }}
),

orders as (
    select * from {{ ref('int_customer_orders_aggregated') }}
),

categories as (
    select * from {{ ref('int_customer_categories_ranked') }}
),

engagement as (
    select * from {{ ref('int_customer_engagement_aggregated') }}
),

consents as (
    select * from {{ ref('int_customer_consents_latest') }}
),

rfm as (
    select * from {{ ref('customer_rfm') }}
),

segments as (
    select * from {{ ref('customer_segments') }}
),

joined as (
    select
        customers.customer_id,
        customers.title,
        customers.first_name,
        customers.last_name,
        customers.email,
        customers.phone,
        customers.street,
        customers.city,
        customers.postal_code,
        customers.country,
        customers.date_of_birth,
        customers.age_years,
        customers.loyalty_card_number,
        customers.household_id,
        customers.household_member_count,
        customers.has_account,
        customers.has_contact,
        customers.has_loyalty_card,
        customers.has_social_profile,
        customers.is_deleted,
        customers.source_count,
        customers.record_count,
        customers.first_seen_on,
        customers.last_seen_on,
        segments.segment,
        rfm.recency_days,
        rfm.recency_score,
        rfm.frequency_score,
        rfm.monetary_score,
        rfm.rfm_score,
        coalesce(orders.order_count, 0) as order_count,
        coalesce(orders.store_order_count, 0) as store_order_count,
        coalesce(orders.web_order_count, 0) as web_order_count,
        coalesce(orders.return_count, 0) as return_count,
        coalesce(orders.cancelled_order_count, 0) as cancelled_order_count,
        coalesce(orders.item_quantity, 0) as item_quantity,
        coalesce(orders.spend_amount, cast(0 as decimal(18,2))) as lifetime_spend_amount,
        coalesce(orders.store_spend_amount, cast(0 as decimal(18,2))) as store_spend_amount,
        coalesce(orders.web_spend_amount, cast(0 as decimal(18,2))) as web_spend_amount,
        coalesce(orders.returned_amount, cast(0 as decimal(18,2))) as returned_amount,
        orders.average_order_amount,
        orders.store_average_order_amount,
        orders.web_average_order_amount,
        orders.first_ordered_at,
        orders.last_ordered_at,
        orders.last_store_ordered_at,
        orders.last_web_ordered_at,
        case
            when orders.store_order_count > 0 and orders.web_order_count > 0 then 'both'
            when orders.store_order_count > 0 then 'store'
            when orders.web_order_count > 0 then 'web'
            else 'none'
        end as buying_channel,
        categories.top_department,
        categories.top_department_share,
        categories.top_category,
        categories.top_category_share,
        engagement.session_count,
        engagement.page_view_count,
        engagement.product_view_count,
        engagement.cart_add_count,
        engagement.abandoned_cart_count,
        engagement.last_session_at,
        engagement.ticket_count,
        engagement.open_ticket_count,
        engagement.average_csat_score,
        engagement.last_ticket_at,
        engagement.social_interaction_count,
        engagement.review_count,
        engagement.last_social_interaction_at,
        engagement.campaign_sent_count,
        engagement.campaign_opened_count,
        engagement.campaign_clicked_count,
        engagement.unsubscribe_count,
        engagement.unsubscribe_count > 0 as has_unsubscribed,
        engagement.last_campaign_sent_at,
        engagement.last_campaign_clicked_at,
        consents.email_consent,
        consents.sms_consent,
        consents.phone_consent,
        consents.post_consent,
        coalesce(consents.email_consent = 'granted', false)
            and engagement.unsubscribe_count = 0
            and customers.email is not null
            and not customers.is_deleted as is_email_allowed,
        coalesce(consents.sms_consent = 'granted', false)
            and customers.phone is not null
            and not customers.is_deleted as is_sms_allowed,
        coalesce(consents.phone_consent = 'granted', false)
            and customers.phone is not null
            and not customers.is_deleted as is_phone_allowed,
        coalesce(consents.post_consent = 'granted', false)
            and customers.street is not null
            and not customers.is_deleted as is_post_allowed,
        {{ as_of_date() }} as as_of_date
    from customers
    left join orders on orders.customer_id = customers.customer_id
    left join categories on categories.customer_id = customers.customer_id
    left join engagement on engagement.customer_id = customers.customer_id
    left join consents on consents.customer_id = customers.customer_id
    left join rfm on rfm.customer_id = customers.customer_id
    left join segments on segments.customer_id = customers.customer_id
)

select * from joined
