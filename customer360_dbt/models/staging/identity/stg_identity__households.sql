with source as (
    select * from {{ source('silver', 'households') }}
),

renamed as (
    select
        customer_id,
        household_id,
        member_count
    from source
)

select * from renamed
