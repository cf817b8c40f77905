with source as (
    select * from {{ source('silver', 'match_records') }}
),

renamed as (
    select
        node,
        entity,
        record_key
    from source
)

select * from renamed
