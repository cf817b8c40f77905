with customers as (
    select * from {{ ref('stg_identity__customers') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
),

purchases as (
    select
        customer_id,
        count(*) as order_count,
        sum(revenue_amount) as lifetime_spend_amount
    from orders
    where customer_id is not null
    group by customer_id
),

profiled as (
    select
        customers.customer_id,
        coalesce(purchases.order_count, 0) as order_count,
        cast(coalesce(purchases.lifetime_spend_amount, 0) as decimal(18,2)) as lifetime_spend_amount
    from customers
    left join purchases on purchases.customer_id = customers.customer_id
)

select * from profiled
