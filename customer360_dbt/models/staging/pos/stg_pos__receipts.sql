with source as (
    select * from {{ source('silver', 'pos__receipts') }}
),

renamed as (
    select
        receipt_id,
        store_id,
        till_id,
        sold_at,
        loyalty_card_number,
        payment_card_token,
        receipt_email,
        tender,
        total_amount
    from source
)

select * from renamed
