with purchases as (
    -- The fourth is only what the third waits for.
    select * from {{ ref('fct_orders') }}
    where purchase_number <= 4
),

followed as (
    select
        purchase_number,
        ordered_on,
        lead(ordered_on) over (partition by customer_id order by purchase_number) as next_ordered_on
    from purchases
),

waited as (
    select
        purchase_number,
        next_ordered_on is not null as has_bought_again,
        -- A purchase dated after the as-of date is as good as one of that day.
        greatest(
            cast(datediff(coalesce(next_ordered_on, {{ as_of_date() }}), ordered_on) as int), 0
        ) as day_count
    from followed
    where purchase_number <= 3
),

counted as (
    select
        purchase_number,
        day_count,
        count(case when has_bought_again then 1 end) as bought_again_count,
        count(case when not has_bought_again then 1 end) as censored_count
    from waited
    group by purchase_number, day_count
)

select * from counted
