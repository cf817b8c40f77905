with source as (
    select * from {{ source('silver', 'customer_links') }}
),

renamed as (
    select
        entity,
        record_key,
        customer_id,
        matched_by,
        is_personal
    from source
)

select * from renamed
