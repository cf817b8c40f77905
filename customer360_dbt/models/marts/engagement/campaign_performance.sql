with deliveries as (
    select * from {{ ref('int_deliveries_linked') }}
),

campaigns as (
    select * from {{ ref('stg_marketing__campaigns') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
),

responses as (
    select
        campaign_id,
        assigned_group,
        count(*) as delivery_count,
        count(case when customer_id is null then 1 end) as unidentified_count,
        count(sent_at) as sent_count,
        count(opened_at) as opened_count,
        count(clicked_at) as clicked_count,
        count(unsubscribed_at) as unsubscribed_count
    from deliveries
    group by campaign_id, assigned_group
),

people as (
    -- Who was sent something is treated, also when another of the person's ids was held out.
    select
        campaign_id,
        customer_id,
        case max(case assigned_group when 'treatment' then 2 when 'control' then 1 else 0 end)
            when 2 then 'treatment'
            when 1 then 'control'
            else 'unknown'
        end as assigned_group
    from deliveries
    where customer_id is not null
    group by campaign_id, customer_id
),

windows as (
    select
        campaign_id,
        started_on as first_on,
        date_add(coalesce(ended_on, started_on), {{ var('campaign_attribution_days') }}) as last_on
    from campaigns
),

bought as (
    select
        people.campaign_id,
        people.customer_id,
        count(case when orders.is_purchase then 1 end) as order_count,
        sum(orders.revenue_amount) as revenue_amount
    from people
    inner join windows on windows.campaign_id = people.campaign_id
    inner join orders
        on orders.customer_id = people.customer_id
        and orders.ordered_on >= windows.first_on
        and orders.ordered_on <= windows.last_on
    group by people.campaign_id, people.customer_id
),

outcomes as (
    select
        people.campaign_id,
        people.assigned_group,
        count(*) as people_count,
        count(case when bought.order_count > 0 then 1 end) as buyer_count,
        sum(coalesce(bought.order_count, 0)) as order_count,
        cast(
            sum(coalesce(bought.revenue_amount, cast(0 as decimal(18,2)))) as decimal(18,2)
        ) as revenue_amount
    from people
    left join bought
        on bought.campaign_id = people.campaign_id
        and bought.customer_id = people.customer_id
    group by people.campaign_id, people.assigned_group
),

rated as (
    select
        responses.*,
        coalesce(outcomes.people_count, 0) as people_count,
        coalesce(outcomes.buyer_count, 0) as buyer_count,
        coalesce(outcomes.order_count, 0) as order_count,
        coalesce(outcomes.revenue_amount, cast(0 as decimal(18,2))) as revenue_amount,
        {{ ratio("outcomes.buyer_count", "outcomes.people_count", 4) }} as conversion_rate,
        {{ ratio("outcomes.revenue_amount", "outcomes.people_count") }} as revenue_per_person_amount
    from responses
    left join outcomes
        on outcomes.campaign_id = responses.campaign_id
        and outcomes.assigned_group = responses.assigned_group
),

held_out as (
    select * from rated where assigned_group = 'control'
),

compared as (
    select
        rated.campaign_id,
        rated.assigned_group,
        campaigns.campaign_name,
        campaigns.channel,
        campaigns.started_on,
        campaigns.ended_on,
        campaigns.budget_amount,
        rated.delivery_count,
        rated.unidentified_count,
        rated.sent_count,
        rated.opened_count,
        rated.clicked_count,
        rated.unsubscribed_count,
        rated.people_count,
        rated.buyer_count,
        rated.order_count,
        rated.revenue_amount,
        rated.conversion_rate,
        rated.revenue_per_person_amount,
        case
            when rated.assigned_group = 'treatment'
                then cast(rated.conversion_rate - held_out.conversion_rate as decimal(18,4))
        end as conversion_rate_difference,
        case
            when rated.assigned_group = 'treatment'
                then cast(
                    rated.revenue_per_person_amount - held_out.revenue_per_person_amount
                    as decimal(18,2)
                )
        end as revenue_per_person_difference_amount
    from rated
    left join campaigns on campaigns.campaign_id = rated.campaign_id
    left join held_out on held_out.campaign_id = rated.campaign_id
)

select * from compared
