{{ config(meta={"sorted_by": ["customer_id", "month_end_on"]}) }}
{#- What customer_rfm and customer_segments say as of the as-of date, said as of the end of every month. Each row of
    a customer's running totals holds until the month of the next one, so only totals are multiplied by months,
    not orders. Orders dated after the as-of date are in the running month, as they are in customer_segments;
    months before 2000 are a till's broken clock, and count as January 2000. -#}
{%- set this_month = "year(" ~ as_of_date() ~ ") * 12 + month(" ~ as_of_date() ~ ") - 1" -%}
with orders as (
    select * from {{ ref('fct_orders') }}
    where customer_id is not null
),

numbered as (
    select
        customer_id,
        cast(
            greatest(least(year(ordered_on) * 12 + month(ordered_on) - 1, {{ this_month }}), 24000) as int
        ) as month_number,
        ordered_on,
        is_purchase,
        revenue_amount
    from orders
),

by_month as (
    select
        customer_id,
        month_number,
        count(case when is_purchase then 1 end) as purchase_count,
        sum(revenue_amount) as revenue_amount,
        min(case when is_purchase then ordered_on end) as first_ordered_on,
        max(case when is_purchase then ordered_on end) as last_ordered_on
    from numbered
    group by customer_id, month_number
),

running as (
    select
        customer_id,
        month_number,
        lead(month_number) over (partition by customer_id order by month_number) as next_month_number,
        sum(purchase_count) over (
            partition by customer_id order by month_number
            rows between unbounded preceding and current row
        ) as frequency_count,
        sum(revenue_amount) over (
            partition by customer_id order by month_number
            rows between unbounded preceding and current row
        ) as monetary_amount,
        min(first_ordered_on) over (
            partition by customer_id order by month_number
            rows between unbounded preceding and current row
        ) as first_ordered_on,
        max(last_ordered_on) over (
            partition by customer_id order by month_number
            rows between unbounded preceding and current row
        ) as last_ordered_on
    from by_month
),

months as (
    select
        customer_id,
        explode(sequence(month_number, coalesce(next_month_number - 1, cast({{ this_month }} as int))))
            as month_number,
        frequency_count,
        cast(monetary_amount as decimal(18,2)) as monetary_amount,
        first_ordered_on,
        last_ordered_on
    from running
    where frequency_count > 0
),

dated as (
    select
        customer_id,
        month_number = {{ this_month }} as is_current,
        case
            when month_number = {{ this_month }} then {{ as_of_date() }}
            else cast(date_add(add_months(date'1970-01-01', month_number + 1 - 1970 * 12), -1) as date)
        end as month_end_on,
        frequency_count,
        monetary_amount,
        first_ordered_on,
        last_ordered_on
    from months
),

measured as (
    select
        customer_id,
        month_end_on,
        is_current,
        frequency_count,
        monetary_amount,
        cast(datediff(month_end_on, last_ordered_on) as int) as recency_days,
        cast(datediff(month_end_on, first_ordered_on) as int) as days_since_first_order
    from dated
),

ranked as (
    select
        *,
        percent_rank() over (partition by month_end_on order by recency_days desc) as recency_rank,
        percent_rank() over (partition by month_end_on order by frequency_count) as frequency_rank,
        percent_rank() over (partition by month_end_on order by monetary_amount) as monetary_rank
    from measured
),

scored as (
    select
        *,
        {{ fifth("recency_rank") }} as recency_score,
        {{ fifth("frequency_rank") }} as frequency_score,
        {{ fifth("monetary_rank") }} as monetary_score
    from ranked
),

matched as (
    select
        *,
        {{ segment() }} as segment
    from scored
),

compared as (
    select
        customer_id,
        month_end_on,
        segment,
        lag(segment) over (partition by customer_id order by month_end_on) as previous_segment,
        recency_days,
        frequency_count,
        monetary_amount,
        is_current
    from matched
)

select * from compared
