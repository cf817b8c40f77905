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
        name_claimed_at,
        email,
        email_source,
        email_claimed_at,
        phone,
        phone_source,
        phone_claimed_at,
        street,
        city,
        postal_code,
        country,
        address_source,
        address_claimed_at,
        date_of_birth,
        date_of_birth_source,
        date_of_birth_claimed_at,
        loyalty_card_number,
        loyalty_card_source,
        loyalty_card_claimed_at,
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
