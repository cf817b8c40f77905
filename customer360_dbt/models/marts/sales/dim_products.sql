with products as (
    select * from {{ ref('stg_catalog__products') }}
),

known as (
    select
        {{ hash_key(["'sku'", "sku"]) }} as product_key,
        sku,
        product_name,
        coalesce(department, 'Unknown') as department,
        coalesce(category, 'Unknown') as category,
        brand,
        list_price,
        unit_cost
    from products
),

unknown_member as (
    select
        {{ unknown_key() }} as product_key,
        cast(null as string) as sku,
        'Unknown' as product_name,
        'Unknown' as department,
        'Unknown' as category,
        cast(null as string) as brand,
        cast(null as decimal(18,6)) as list_price,
        cast(null as decimal(18,6)) as unit_cost
),

unioned as (
    select * from known
    union all
    select * from unknown_member
)

select * from unioned
