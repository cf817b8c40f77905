with source as (
    select * from {{ source('silver', 'pos__receipt_lines') }}
),

renamed as (
    select
        receipt_id,
        line_number,
        sku,
        quantity,
        unit_price,
        discount_amount,
        line_amount
    from source
)

select * from renamed
