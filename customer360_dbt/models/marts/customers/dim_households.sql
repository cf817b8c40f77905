with members as (
    select * from {{ ref('customer_360') }}
    where household_id is not null
),

placed as (
    -- Where the household lives, if its members' addresses differ: where the one lives who bought last. Of equals
    -- never by the id, which depends on when the customer was first seen.
    select
        *,
        row_number() over (
            partition by household_id
            order by
                case when city is null then 1 else 0 end,
                case when last_ordered_at is null then 1 else 0 end,
                last_ordered_at desc,
                city,
                coalesce(country, '')
        ) as address_place
    from members
),

totals as (
    select
        household_id,
        count(*) as member_count,
        max(case when address_place = 1 then city end) as city,
        max(case when address_place = 1 then country end) as country,
        sum(order_count) as order_count,
        cast(sum(lifetime_spend_amount) as decimal(18,2)) as lifetime_spend_amount,
        max(last_ordered_at) as last_ordered_at
    from placed
    group by household_id
)

select * from totals
