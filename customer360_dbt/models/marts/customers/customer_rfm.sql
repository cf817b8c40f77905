with purchases as (
    select * from {{ ref('int_customer_orders_aggregated') }}
    where order_count > 0
),

measured as (
    select
        customer_id,
        cast(datediff({{ as_of_date() }}, cast(last_ordered_at as date)) as int) as recency_days,
        order_count as frequency_count,
        spend_amount as monetary_amount
    from purchases
),

ranked as (
    -- Equal values share a rank, so two customers who did the same get the same score.
    select
        *,
        percent_rank() over (order by recency_days desc) as recency_rank,
        percent_rank() over (order by frequency_count) as frequency_rank,
        percent_rank() over (order by monetary_amount) as monetary_rank
    from measured
),

scored as (
    select
        customer_id,
        recency_days,
        frequency_count,
        monetary_amount,
        {{ fifth("recency_rank") }} as recency_score,
        {{ fifth("frequency_rank") }} as frequency_score,
        {{ fifth("monetary_rank") }} as monetary_score
    from ranked
),

combined as (
    select
        *,
        concat(
            cast(recency_score as string),
            cast(frequency_score as string),
            cast(monetary_score as string)
        ) as rfm_score
    from scored
)

select * from combined
