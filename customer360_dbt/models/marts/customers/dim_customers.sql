with customers as (
    select * from {{ ref('stg_identity__customers') }}
),

described as (
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
        case
            when date_of_birth <= {{ as_of_date() }}
                then cast(floor(months_between({{ as_of_date() }}, date_of_birth) / 12) as int)
        end as age_years,
        loyalty_card_number,
        record_count,
        source_count,
        coalesce(has_account, false) as has_account,
        coalesce(has_contact, false) as has_contact,
        coalesce(has_loyalty_card, false) as has_loyalty_card,
        coalesce(has_social_profile, false) as has_social_profile,
        first_seen_on,
        last_seen_on,
        coalesce(is_deleted, false) as is_deleted
    from customers
)

select * from described
