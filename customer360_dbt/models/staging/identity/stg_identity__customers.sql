with source as (
    select * from {{ source('silver', 'customers') }}
),

renamed as (
    select
        customer_id,
        title,
        first_name,
        last_name,
        name_source,
        email,
        email_source,
        phone,
        phone_source,
        street,
        city,
        postal_code,
        country,
        address_source,
        date_of_birth,
        date_of_birth_source,
        loyalty_card_number,
        record_count,
        source_count,
        has_account,
        has_contact,
        has_loyalty_card,
        has_social_profile,
        first_seen_on,
        last_seen_on,
        is_deleted
    from source
)

select * from renamed
