with source as (
    select * from {{ source('silver', 'catalog__stores') }}
),

renamed as (
    select
        store_id,
        name as store_name,
        city,
        region,
        country,
        opened_on,
        updated_at
    from source
)

select * from renamed
