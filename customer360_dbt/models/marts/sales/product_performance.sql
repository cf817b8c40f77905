with lines as (
    select * from {{ ref('fct_order_lines') }}
    where not is_cancelled
),

products as (
    select * from {{ ref('dim_products') }}
),

by_order as (
    select
        product_key,
        order_key,
        customer_id,
        max(case when is_return then 0 else 1 end) as is_bought,
        sum(coalesce(quantity, cast(0 as bigint))) as item_quantity,
        sum(case when is_return then 0 - coalesce(quantity, cast(0 as bigint)) else cast(0 as bigint) end)
            as returned_quantity,
        sum(revenue_amount) as revenue_amount,
        sum(case when is_return then revenue_amount else cast(0 as decimal(18,2)) end) as returned_amount,
        sum(revenue_amount - cost_amount) as margin_amount,
        max(case when not is_return then ordered_on end) as last_sold_on
    from lines
    group by product_key, order_key, customer_id
),

by_customer as (
    select
        product_key,
        customer_id,
        sum(is_bought) as order_count,
        sum(item_quantity) as item_quantity,
        sum(returned_quantity) as returned_quantity,
        sum(revenue_amount) as revenue_amount,
        sum(returned_amount) as returned_amount,
        sum(margin_amount) as margin_amount,
        max(last_sold_on) as last_sold_on
    from by_order
    group by product_key, customer_id
),

totals as (
    select
        product_key,
        sum(order_count) as order_count,
        count(case when order_count > 0 then customer_id end) as customer_count,
        sum(item_quantity) as item_quantity,
        sum(returned_quantity) as returned_quantity,
        cast(sum(revenue_amount) as decimal(18,2)) as revenue_amount,
        cast(sum(returned_amount) as decimal(18,2)) as returned_amount,
        cast(sum(margin_amount) as decimal(18,2)) as margin_amount,
        max(last_sold_on) as last_sold_on
    from by_customer
    group by product_key
),

described as (
    select
        products.product_key,
        products.sku,
        products.product_name,
        products.department,
        products.category,
        products.brand,
        coalesce(totals.item_quantity, 0) as item_quantity,
        coalesce(totals.order_count, 0) as order_count,
        coalesce(totals.customer_count, 0) as customer_count,
        coalesce(totals.revenue_amount, cast(0 as decimal(18,2))) as revenue_amount,
        coalesce(totals.returned_quantity, 0) as returned_quantity,
        coalesce(totals.returned_amount, cast(0 as decimal(18,2))) as returned_amount,
        totals.margin_amount,
        totals.last_sold_on
    from products
    left join totals on totals.product_key = products.product_key
)

select * from described
