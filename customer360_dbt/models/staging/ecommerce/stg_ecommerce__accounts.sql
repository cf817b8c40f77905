with source as (
    select * from {{ source('silver', 'ecommerce__accounts') }}
),

renamed as (
    select
        account_id,
        email,
        phone,
        first_name,
        last_name,
        date_of_birth,
        street,
        city,
        postal_code,
        country,
        loyalty_card_number,
        created_at,
        updated_at,
        coalesce(is_deleted, false) as is_deleted
    from source
)

select * from renamed
