{#- A month in which nobody of a cohort bought has no orders to come from: each row of a cohort is repeated until
    the cohort's next one, and what is repeated counts 0. -#}
{%- set this_month = "year(" ~ as_of_date() ~ ") * 12 + month(" ~ as_of_date() ~ ") - 1" -%}
with orders as (
    -- A broken clock makes no cohort.
    select * from {{ ref('fct_orders') }}
    where customer_id is not null
        and ordered_on >= date'2000-01-01'
        and ordered_on <= {{ as_of_date() }}
),

by_month as (
    select
        customer_id,
        year(ordered_on) * 12 + month(ordered_on) - 1 as month_number,
        max(case when is_purchase then 1 else 0 end) as is_active,
        sum(revenue_amount) as revenue_amount
    from orders
    group by customer_id, year(ordered_on) * 12 + month(ordered_on) - 1
),

with_first as (
    select
        month_number,
        min(case when is_active = 1 then month_number end) over (partition by customer_id) as cohort_month_number,
        is_active,
        revenue_amount
    from by_month
),

by_cohort as (
    select
        cohort_month_number,
        month_number,
        sum(is_active) as active_customer_count,
        cast(sum(revenue_amount) as decimal(18,2)) as revenue_amount
    from with_first
    where month_number >= cohort_month_number
    group by cohort_month_number, month_number
),

followed as (
    select
        cohort_month_number,
        month_number,
        active_customer_count,
        revenue_amount,
        -- All of a cohort are active in its first month.
        max(case when month_number = cohort_month_number then active_customer_count end) over (
            partition by cohort_month_number
        ) as cohort_customer_count,
        lead(month_number) over (
            partition by cohort_month_number order by month_number
        ) as next_month_number
    from by_cohort
),

repeated as (
    select
        followed.*,
        explode(
            sequence(
                cast(month_number as int),
                cast(coalesce(next_month_number - 1, {{ this_month }}) as int)
            )
        ) as shown_month_number
    from followed
),

dated as (
    select
        cast(add_months(date'1970-01-01', cast(cohort_month_number - 1970 * 12 as int)) as date)
            as cohort_month_on,
        cast(shown_month_number - cohort_month_number as int) as months_since,
        cohort_customer_count,
        case when shown_month_number = month_number then active_customer_count else cast(0 as bigint) end
            as active_customer_count,
        case when shown_month_number = month_number then revenue_amount else cast(0 as decimal(18,2)) end
            as revenue_amount,
        add_months(date'1970-01-01', cast(shown_month_number + 1 - 1970 * 12 as int))
            <= date_add({{ as_of_date() }}, 1) as is_complete
    from repeated
)

select * from dated
