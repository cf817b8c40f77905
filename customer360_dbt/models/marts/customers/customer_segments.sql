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
        {{ segment() }} as segment
    from joined
)

select * from matched
