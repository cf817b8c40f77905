with source as (
    select * from {{ source('silver', 'crm__contacts') }}
),

renamed as (
    select
        contact_id,
        title,
        first_name,
        last_name,
        email,
        phone,
        street,
        city,
        postal_code,
        country,
        date_of_birth,
        loyalty_card_number,
        updated_at,
        coalesce(is_deleted, false) as is_deleted
    from source
)

select * from renamed
