with receipts as (
    select * from {{ ref('stg_pos__receipts') }}
),

web_orders as (
    select * from {{ ref('stg_ecommerce__orders') }}
),

links as (
    select * from {{ ref('stg_identity__customer_links') }}
),

store_orders as (
    select
        {{ hash_key(["'pos'", "receipts.receipt_id"]) }} as order_key,
        'store' as channel,
        receipts.receipt_id as order_id,
        links.customer_id,
        links.matched_by,
        receipts.store_id,
        receipts.sold_at as ordered_at,
        'completed' as status,
        receipts.tender,
        cast(0 as decimal(18,2)) as shipping_amount,
        receipts.total_amount
    from receipts
    left join links
        on links.entity = 'pos__receipts'
        and links.record_key = receipts.receipt_id
),

shop_orders as (
    select
        {{ hash_key(["'ecommerce'", "web_orders.order_id"]) }} as order_key,
        'web' as channel,
        web_orders.order_id,
        links.customer_id,
        links.matched_by,
        cast(null as string) as store_id,
        web_orders.ordered_at,
        web_orders.status,
        cast(null as string) as tender,
        web_orders.shipping_amount,
        web_orders.total_amount
    from web_orders
    left join links
        on links.entity = 'ecommerce__orders'
        and links.record_key = web_orders.order_id
),

unioned as (
    select * from store_orders
    union all
    select * from shop_orders
)

select * from unioned
