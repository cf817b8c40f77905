with source as (
    select * from {{ source('silver', 'customer_identifiers') }}
),

renamed as (
    select
        entity,
        record_key,
        identifier_type,
        identifier_value,
        raw_value,
        is_linking,
        excluded_because,
        first_seen_on
    from source
)

select * from renamed
