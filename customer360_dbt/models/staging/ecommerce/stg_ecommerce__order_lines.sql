with source as (
    select * from {{ source('silver', 'ecommerce__order_lines') }}
),

renamed as (
    select
        order_id,
        line_number,
        sku,
        quantity,
        returned_quantity,
        unit_price,
        discount_amount,
        line_amount
    from source
)

select * from renamed
