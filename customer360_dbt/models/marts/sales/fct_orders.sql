with orders as (
    select * from {{ ref('int_orders_unioned') }}
),

lines as (
    select * from {{ ref('int_order_lines_unioned') }}
),

stores as (
    select * from {{ ref('stg_catalog__stores') }}
),

line_totals as (
    select
        order_key,
        count(*) as line_count,
        sum(coalesce(quantity, 0)) as item_quantity,
        sum(line_amount) as lines_amount,
        sum(case when line_amount < 0 then line_amount else cast(0 as decimal(18,2)) end)
            as returned_amount
    from lines
    group by order_key
),

joined as (
    select
        orders.*,
        case
            when orders.channel = 'web' then {{ web_shop_store_key() }}
            when stores.store_id is null then {{ unknown_key() }}
            else {{ hash_key(["'store'", "stores.store_id"]) }}
        end as store_key,
        coalesce(orders.status = 'cancelled', false) as is_cancelled,
        cast(orders.total_amount - orders.shipping_amount as decimal(18,2)) as net_amount,
        coalesce(line_totals.line_count, 0) as line_count,
        coalesce(line_totals.item_quantity, 0) as item_quantity,
        cast(coalesce(line_totals.lines_amount, 0) as decimal(18,2)) as lines_amount,
        cast(coalesce(line_totals.returned_amount, 0) as decimal(18,2)) as returned_amount
    from orders
    left join line_totals on line_totals.order_key = orders.order_key
    left join stores on stores.store_id = orders.store_id
),

measured as (
    select
        order_key,
        channel,
        order_id,
        customer_id,
        matched_by,
        store_key,
        ordered_at,
        cast(ordered_at as date) as ordered_on,
        status,
        tender,
        is_cancelled,
        net_amount < 0 as is_return,
        not is_cancelled and net_amount >= 0 as is_purchase,
        line_count,
        item_quantity,
        lines_amount,
        returned_amount,
        shipping_amount,
        total_amount,
        cast(net_amount - lines_amount as decimal(18,2)) as unexplained_amount,
        cast(
            case when is_cancelled then cast(0 as decimal(18,2)) else net_amount end
            as decimal(18,2)
        ) as revenue_amount
    from joined
),

numbered as (
    -- What is no purchase, or nobody's, has partitions of its own and gets no number.
    select
        *,
        case
            when is_purchase and customer_id is not null
                then cast(
                    row_number() over (
                        partition by customer_id, is_purchase order by ordered_at, order_key
                    ) as bigint
                )
        end as purchase_number
    from measured
)

select * from numbered
