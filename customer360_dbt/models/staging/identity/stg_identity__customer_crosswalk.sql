with source as (
    select * from {{ source('silver', 'customer_crosswalk') }}
),

renamed as (
    select
        customer_id,
        current_id,
        valid_from,
        valid_to,
        reason
    from source
)

select * from renamed
