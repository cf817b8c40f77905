with receipt_lines as (
    select * from {{ ref('stg_pos__receipt_lines') }}
),

web_order_lines as (
    select * from {{ ref('stg_ecommerce__order_lines') }}
),

store_lines as (
    select
        {{ hash_key(["'pos'", "receipt_id"]) }} as order_key,
        {{ hash_key(["'pos'", "receipt_id", "cast(line_number as string)"]) }} as order_line_key,
        line_number,
        sku,
        quantity,
        unit_price,
        discount_amount,
        line_amount
    from receipt_lines
),

shop_lines as (
    select
        {{ hash_key(["'ecommerce'", "order_id"]) }} as order_key,
        {{ hash_key(["'ecommerce'", "order_id", "cast(line_number as string)"]) }} as order_line_key,
        line_number,
        sku,
        quantity,
        unit_price,
        discount_amount,
        line_amount
    from web_order_lines
),

unioned as (
    select * from store_lines
    union all
    select * from shop_lines
)

select * from unioned
