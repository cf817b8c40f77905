-- Every line of an order is in fct_order_lines, and the order's sums are theirs.
{{ config(meta={"dagster": {"ref": {"name": "fct_order_lines"}}}) }}
with orders as (
    select * from {{ ref('fct_orders') }}
),

line_totals as (
    select
        order_key,
        count(*) as line_count,
        sum(line_amount) as lines_amount,
        sum(revenue_amount) as revenue_amount
    from {{ ref('fct_order_lines') }}
    group by order_key
)

select
    orders.order_key,
    orders.lines_amount,
    line_totals.lines_amount as sum_of_lines
from orders
left join line_totals on line_totals.order_key = orders.order_key
where orders.line_count <> coalesce(line_totals.line_count, 0)
    or orders.lines_amount <> coalesce(line_totals.lines_amount, 0)
    or orders.total_amount <> orders.lines_amount + orders.shipping_amount + orders.unexplained_amount
    or (
        orders.revenue_amount
        <> coalesce(line_totals.revenue_amount, 0)
        + case when orders.is_cancelled then cast(0 as decimal(18,2)) else orders.unexplained_amount end
    )
