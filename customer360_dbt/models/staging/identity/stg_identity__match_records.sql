with source as (
    select * from {{ source('silver', 'match_records') }}
),

renamed as (
    select
        node,
        entity,
        record_key,
        first_name,
        last_name,
        script
    from source
)

select * from renamed
