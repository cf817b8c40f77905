with source as (
    select * from {{ source('silver', 'ecommerce__orders') }}
),

renamed as (
    select
        order_id,
        account_id,
        email,
        phone,
        anonymous_id,
        shipping_name,
        shipping_street,
        shipping_city,
        shipping_postal_code,
        shipping_country,
        coalesce(ordered_at, updated_at) as ordered_at,
        updated_at,
        status,
        coalesce(shipping_amount, cast(0 as decimal(18,2))) as shipping_amount,
        total_amount
    from source
)

select * from renamed
