with source as (
    select * from {{ source('silver', 'customer_values') }}
),

renamed as (
    select
        customer_id,
        attribute,
        value,
        rank,
        entity,
        record_key,
        claimed_at,
        record_count,
        why
    from source
)

select * from renamed
