{{ config(meta={"sorted_by": ["customer_id", "record_count"]}) }}
with customers as (
    select * from {{ ref('stg_identity__customers') }}
),

households as (
    select * from {{ ref('stg_identity__households') }}
),

described as (
    select
        customers.customer_id,
        customers.title,
        customers.first_name,
        customers.last_name,
        customers.name_source,
        customers.name_claimed_at,
        customers.email,
        customers.email_source,
        customers.email_claimed_at,
        customers.phone,
        customers.phone_source,
        customers.phone_claimed_at,
        customers.street,
        customers.city,
        customers.postal_code,
        customers.country,
        customers.address_source,
        customers.address_claimed_at,
        customers.date_of_birth,
        customers.date_of_birth_source,
        customers.date_of_birth_claimed_at,
        case
            when customers.date_of_birth <= {{ as_of_date() }}
                then cast(floor(months_between({{ as_of_date() }}, customers.date_of_birth) / 12) as int)
        end as age_years,
        customers.loyalty_card_number,
        customers.loyalty_card_source,
        customers.loyalty_card_claimed_at,
        households.household_id,
        households.member_count as household_member_count,
        customers.record_count,
        customers.source_count,
        coalesce(customers.has_account, false) as has_account,
        coalesce(customers.has_contact, false) as has_contact,
        coalesce(customers.has_loyalty_card, false) as has_loyalty_card,
        coalesce(customers.has_social_profile, false) as has_social_profile,
        customers.first_seen_on,
        customers.last_seen_on,
        coalesce(customers.is_deleted, false) as is_deleted
    from customers
    left join households on households.customer_id = customers.customer_id
)

select * from described
