-- What each run saw, by the data's clock. A version that was replaced on the as-of date on which it was
-- recorded was never valid for a day and is left out.
with versions as (
    select * from {{ ref('customers_snapshot') }}
    where dbt_valid_to is null or dbt_valid_to > dbt_valid_from
),

dated as (
    select
        dbt_scd_id as customer_version_key,
        customer_id,
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
        has_account,
        has_contact,
        has_loyalty_card,
        has_social_profile,
        is_deleted,
        cast(dbt_valid_from as date) as valid_from,
        cast(dbt_valid_to as date) as valid_to,
        dbt_valid_to is null as is_current
    from versions
)

select * from dated
