-- The first rule that matches names the segment; segments.md explains the rules in the same order, and a
-- test compares the two.
with customers as (
    select * from {{ ref('stg_identity__customers') }}
),

rfm as (
    select * from {{ ref('customer_rfm') }}
),

purchases as (
    select * from {{ ref('int_customer_orders_aggregated') }}
),

joined as (
    select
        customers.customer_id,
        rfm.recency_days,
        rfm.recency_score,
        rfm.frequency_score,
        rfm.monetary_score,
        rfm.rfm_score,
        cast(datediff({{ as_of_date() }}, cast(purchases.first_ordered_at as date)) as int)
            as days_since_first_order
    from customers
    left join rfm on rfm.customer_id = customers.customer_id
    left join purchases on purchases.customer_id = customers.customer_id
),

matched as (
    select
        customer_id,
        rfm_score,
        case
            when recency_days is null then 'never_bought'
            when recency_score >= 4 and frequency_score >= 4 and monetary_score >= 4 then 'champion'
            when recency_score >= 3 and frequency_score >= 4 then 'loyal'
            when recency_score >= 3 and monetary_score = 5 then 'big_spender'
            when days_since_first_order <= {{ var('new_customer_days') }} then 'new'
            when recency_score >= 4 then 'promising'
            when recency_score <= 2 and (frequency_score >= 4 or monetary_score >= 4) then 'at_risk'
            when recency_score = 1 then 'lost'
            else 'occasional'
        end as segment
    from joined
)

select * from matched
