{{ config(meta={"sorted_by": ["customer_id", "affinity_rank"]}) }}
{#- Shares are rounded before one is divided by the other, so that engines agree: of a customer to 4 digits, of all
    revenue, where a category can be tiny, to 8. -#}
with lines as (
    select * from {{ ref('fct_order_lines') }}
    where not is_cancelled
),

products as (
    select * from {{ ref('dim_products') }}
    where category <> 'Unknown'
),

by_product as (
    select product_key, sum(revenue_amount) as revenue_amount
    from lines
    group by product_key
),

category_totals as (
    select
        products.department,
        products.category,
        cast(sum(by_product.revenue_amount) as decimal(18,2)) as revenue_amount
    from by_product
    inner join products on products.product_key = by_product.product_key
    group by products.department, products.category
),

category_shares as (
    select
        department,
        category,
        {{ ratio(
            "case when revenue_amount > 0 then revenue_amount * 10000 end",
            "sum(case when revenue_amount > 0 then revenue_amount end) over ()",
            4
        ) }} as revenue_share_of_ten_thousand
    from category_totals
),

by_order as (
    select
        lines.customer_id,
        products.department,
        products.category,
        lines.order_key,
        max(case when lines.is_return then 0 else 1 end) as is_bought,
        max(case when not lines.is_return then lines.ordered_on end) as ordered_on,
        sum(coalesce(lines.quantity, cast(0 as bigint))) as item_quantity,
        sum(lines.revenue_amount) as spend_amount
    from lines
    inner join products on products.product_key = lines.product_key
    where lines.customer_id is not null
    group by lines.customer_id, products.department, products.category, lines.order_key
),

by_customer as (
    select
        customer_id,
        department,
        category,
        sum(is_bought) as order_count,
        sum(item_quantity) as item_quantity,
        cast(sum(spend_amount) as decimal(18,2)) as spend_amount,
        max(ordered_on) as last_ordered_on
    from by_order
    group by customer_id, department, category
),

shared as (
    select
        customer_id,
        department,
        category,
        order_count,
        item_quantity,
        spend_amount,
        {{ ratio(
            "case when spend_amount > 0 then spend_amount else cast(0 as decimal(18,2)) end",
            "sum(case when spend_amount > 0 then spend_amount end) over (partition by customer_id)",
            4
        ) }} as spend_share,
        row_number() over (
            partition by customer_id order by spend_amount desc, department, category
        ) as affinity_rank,
        last_ordered_on
    from by_customer
),

compared as (
    select
        shared.customer_id,
        shared.department,
        shared.category,
        shared.order_count,
        shared.item_quantity,
        shared.spend_amount,
        shared.spend_share,
        {{ ratio(
            "shared.spend_share * 1000000", "category_shares.revenue_share_of_ten_thousand * 100", 4
        ) }} as affinity_index,
        cast(shared.affinity_rank as bigint) as affinity_rank,
        shared.last_ordered_on
    from shared
    inner join category_shares
        on category_shares.department = shared.department
        and category_shares.category = shared.category
)

select * from compared
