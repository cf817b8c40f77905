with stores as (
    select * from {{ ref('stg_catalog__stores') }}
),

known as (
    select
        {{ hash_key(["'store'", "store_id"]) }} as store_key,
        store_id,
        'store' as store_type,
        store_name,
        city,
        region,
        country,
        opened_on
    from stores
),

web_shop_member as (
    select
        {{ web_shop_store_key() }} as store_key,
        cast(null as string) as store_id,
        'web_shop' as store_type,
        'Web shop' as store_name,
        cast(null as string) as city,
        cast(null as string) as region,
        cast(null as string) as country,
        cast(null as date) as opened_on
),

unknown_member as (
    select
        {{ unknown_key() }} as store_key,
        cast(null as string) as store_id,
        'unknown' as store_type,
        'Unknown' as store_name,
        cast(null as string) as city,
        cast(null as string) as region,
        cast(null as string) as country,
        cast(null as date) as opened_on
),

unioned as (
    select * from known
    union all
    select * from web_shop_member
    union all
    select * from unknown_member
)

select * from unioned
