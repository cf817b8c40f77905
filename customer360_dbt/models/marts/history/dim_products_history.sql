-- What each run saw, by the data's clock. A version that was replaced on the as-of date on which it was
-- recorded was never valid for a day and is left out.
with versions as (
    select * from {{ ref('products_snapshot') }}
    where dbt_valid_to is null or dbt_valid_to > dbt_valid_from
),

dated as (
    select
        dbt_scd_id as product_version_key,
        sku,
        product_name,
        department,
        category,
        brand,
        list_price,
        unit_cost,
        cast(dbt_valid_from as date) as valid_from,
        cast(dbt_valid_to as date) as valid_to,
        dbt_valid_to is null as is_current
    from versions
)

select * from dated
