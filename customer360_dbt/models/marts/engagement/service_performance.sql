with tickets as (
    select * from {{ ref('fct_tickets') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
    where customer_id is not null
),

banded as (
    select
        *,
        coalesce(topic, 'unknown') as shown_topic,
        coalesce(channel, 'unknown') as shown_channel,
        case
            when csat_score is null then 'none'
            when csat_score <= 2 then 'low'
            when csat_score = 3 then 'middle'
            else 'high'
        end as csat_band,
        customer_id is not null
            and opened_on <= date_add({{ as_of_date() }}, -{{ var('service_effect_days') }}) as is_observed
    from tickets
),

bought as (
    select
        banded.ticket_id,
        max(case when orders.is_purchase and orders.ordered_on < banded.opened_on then 1 else 0 end)
            as has_bought_before,
        max(case when orders.is_purchase and orders.ordered_on > banded.opened_on then 1 else 0 end)
            as has_bought_after,
        sum(
            case when orders.ordered_on < banded.opened_on then orders.revenue_amount
            else cast(0 as decimal(18,2)) end
        ) as spend_before_amount,
        sum(
            case when orders.ordered_on > banded.opened_on then orders.revenue_amount
            else cast(0 as decimal(18,2)) end
        ) as spend_after_amount
    from banded
    inner join orders
        on orders.customer_id = banded.customer_id
        and orders.ordered_on >= date_add(banded.opened_on, -{{ var('service_effect_days') }})
        and orders.ordered_on <= date_add(banded.opened_on, {{ var('service_effect_days') }})
    where banded.is_observed
    group by banded.ticket_id
),

totals as (
    select
        banded.shown_topic as topic,
        banded.shown_channel as channel,
        banded.csat_band,
        count(*) as ticket_count,
        count(case when banded.is_open then 1 end) as open_ticket_count,
        count(banded.csat_score) as csat_answer_count,
        coalesce(sum(banded.csat_score), 0) as csat_point_count,
        coalesce(sum(banded.first_answer_minutes), 0) as first_answer_minutes_total,
        count(banded.first_answer_minutes) as first_answer_count,
        coalesce(sum(banded.resolution_minutes), 0) as resolution_minutes_total,
        count(banded.resolution_minutes) as resolved_count,
        count(case when banded.is_observed then 1 end) as observed_ticket_count,
        count(case when bought.has_bought_before = 1 then 1 end) as bought_before_count,
        count(case when bought.has_bought_after = 1 then 1 end) as bought_after_count,
        cast(coalesce(sum(bought.spend_before_amount), 0) as decimal(18,2)) as spend_before_amount,
        cast(coalesce(sum(bought.spend_after_amount), 0) as decimal(18,2)) as spend_after_amount
    from banded
    left join bought on bought.ticket_id = banded.ticket_id
    group by banded.shown_topic, banded.shown_channel, banded.csat_band
)

select * from totals
