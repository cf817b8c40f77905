with orders as (
    select * from {{ ref('fct_orders') }}
    where customer_id is not null
),

totals as (
    select
        customer_id,
        count(case when is_purchase then 1 end) as order_count,
        count(case when is_purchase and channel = 'store' then 1 end) as store_order_count,
        count(case when is_purchase and channel = 'web' then 1 end) as web_order_count,
        count(case when is_return and not is_cancelled then 1 end) as return_count,
        count(case when is_cancelled then 1 end) as cancelled_order_count,
        sum(case when is_cancelled then cast(0 as bigint) else item_quantity end) as item_quantity,
        cast(sum(revenue_amount) as decimal(18,2)) as spend_amount,
        cast(sum(case when channel = 'store' then revenue_amount end) as decimal(18,2))
            as store_spend_amount,
        cast(sum(case when channel = 'web' then revenue_amount end) as decimal(18,2))
            as web_spend_amount,
        cast(sum(case when not is_cancelled then returned_amount end) as decimal(18,2))
            as returned_amount,
        cast(sum(case when is_purchase then revenue_amount end) as decimal(18,2))
            as purchased_amount,
        cast(sum(case when is_purchase and channel = 'store' then revenue_amount end) as decimal(18,2))
            as store_purchased_amount,
        cast(sum(case when is_purchase and channel = 'web' then revenue_amount end) as decimal(18,2))
            as web_purchased_amount,
        min(case when is_purchase then ordered_at end) as first_ordered_at,
        max(case when is_purchase then ordered_at end) as last_ordered_at,
        max(case when is_purchase and channel = 'store' then ordered_at end) as last_store_ordered_at,
        max(case when is_purchase and channel = 'web' then ordered_at end) as last_web_ordered_at
    from orders
    group by customer_id
),

averaged as (
    select
        totals.*,
        {{ ratio("purchased_amount", "order_count") }} as average_order_amount,
        {{ ratio("store_purchased_amount", "store_order_count") }} as store_average_order_amount,
        {{ ratio("web_purchased_amount", "web_order_count") }} as web_average_order_amount
    from totals
)

select * from averaged
