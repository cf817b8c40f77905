-- A receipt's lines land apart from it. A line whose receipt is missing or quarantined is left out: it has
-- no currency, day or store of its own, and its amount may be foreign money. Silver's relationship test
-- counts such lines.
with lines as (
    select * from {{ ref('int_order_lines_unioned') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
),

products as (
    select * from {{ ref('stg_catalog__products') }}
),

joined as (
    select
        lines.order_line_key,
        lines.order_key,
        lines.line_number,
        orders.channel,
        orders.customer_id,
        case
            when products.sku is null then {{ unknown_key() }}
            else {{ hash_key(["'sku'", "products.sku"]) }}
        end as product_key,
        lines.sku,
        orders.store_key,
        orders.ordered_at,
        orders.ordered_on,
        orders.is_cancelled,
        lines.line_amount < 0 as is_return,
        lines.quantity,
        lines.unit_price,
        lines.discount_amount,
        lines.line_amount,
        cast(
            case when orders.is_cancelled then cast(0 as decimal(18,2)) else lines.line_amount end
            as decimal(18,2)
        ) as revenue_amount,
        cast(round(lines.quantity * products.unit_cost, 2) as decimal(18,2)) as cost_amount
    from lines
    inner join orders on orders.order_key = lines.order_key
    left join products on products.sku = lines.sku
)

select * from joined
