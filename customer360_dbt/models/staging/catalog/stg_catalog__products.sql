with source as (
    select * from {{ source('silver', 'catalog__products') }}
),

renamed as (
    select
        sku,
        name as product_name,
        department,
        category,
        brand,
        list_price,
        unit_cost,
        updated_at
    from source
)

select * from renamed
