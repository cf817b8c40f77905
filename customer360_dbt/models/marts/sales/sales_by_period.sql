{{ config(meta={"sorted_by": ["period_kind", "period_start_on", "place_kind", "place", "segment"]}) }}
{#- The first page asks for the same few figures of each period, place and segment. An order lies in several
    periods and places, so it is multiplied twice, each time after what can be added up has been: by periods
    (day, month and the rolling ones) once a day's orders of a customer are one row, by places once a period's
    are. A customer's row of a period and place says whether the customer bought in it, which replaces counting
    distinct customers; and as a customer has one segment, counts of customers add up over segments. -#}
{%- set amounts = ("revenue_amount", "store_revenue_amount", "web_revenue_amount", "purchased_amount") -%}
{%- set counts = ("order_count", "purchase_count") -%}
{%- set flags = ("is_active", "is_new", "is_returning") -%}
with orders as (
    select * from {{ ref('fct_orders') }}
),

stores as (
    select * from {{ ref('dim_stores') }}
),

segments as (
    select * from {{ ref('customer_segments') }}
),

by_day as (
    select
        orders.ordered_on,
        orders.channel,
        stores.region,
        orders.customer_id,
        coalesce(segments.segment, 'unknown') as segment,
        sum(orders.revenue_amount) as revenue_amount,
        sum(case when orders.channel = 'store' then orders.revenue_amount else cast(0 as decimal(18,2)) end)
            as store_revenue_amount,
        sum(case when orders.channel = 'web' then orders.revenue_amount else cast(0 as decimal(18,2)) end)
            as web_revenue_amount,
        sum(case when orders.is_purchase then orders.revenue_amount else cast(0 as decimal(18,2)) end)
            as purchased_amount,
        count(*) as order_count,
        count(case when orders.is_purchase then 1 end) as purchase_count,
        max(case when orders.is_purchase and orders.customer_id is not null then 1 else 0 end) as is_active,
        max(case when orders.purchase_number = 1 then 1 else 0 end) as is_new,
        max(case when orders.purchase_number >= 2 then 1 else 0 end) as is_returning
    from orders
    left join stores on stores.store_key = orders.store_key
    left join segments on segments.customer_id = orders.customer_id
    group by orders.ordered_on, orders.channel, stores.region, orders.customer_id, segments.segment
),

days as (
    select distinct
        ordered_on,
        cast(trunc(ordered_on, 'MONTH') as date) as month_start_on,
        cast(datediff({{ as_of_date() }}, ordered_on) as int) as age_days
    from orders
),

first_order as (
    -- A till with a broken clock must not make periods look complete; dim_dates begins no earlier either.
    select coalesce(min(ordered_on), {{ as_of_date() }}) as first_on
    from days
    where ordered_on >= date'2000-01-01'
),

rules as (
    select period_kind, period_days, rolling_number
    from (
        values
            ('day', 1, 0),
            ('month', 0, 0)
            {%- for length in (28, 90, 365) %}{% for number in (0, 1) %},
            ('last_{{ length }}_days', {{ length }}, {{ number }})
            {%- endfor %}{% endfor %}
    ) as listed (period_kind, period_days, rolling_number)
),

periods_of_days as (
    select
        days.ordered_on,
        rules.period_kind,
        cast(
            case rules.period_kind
                when 'day' then days.age_days
                when 'month' then
                    (year({{ as_of_date() }}) - year(days.ordered_on)) * 12
                    + month({{ as_of_date() }}) - month(days.ordered_on)
                else rules.rolling_number
            end as int
        ) as period_number,
        cast(
            case rules.period_kind
                when 'day' then days.ordered_on
                when 'month' then days.month_start_on
                else date_add({{ as_of_date() }}, 1 - rules.period_days * (rules.rolling_number + 1))
            end as date
        ) as period_start_on,
        cast(
            case rules.period_kind
                when 'day' then days.ordered_on
                when 'month' then date_add(add_months(days.month_start_on, 1), -1)
                else date_add({{ as_of_date() }}, 0 - rules.period_days * rules.rolling_number)
            end as date
        ) as last_on
    from days
    cross join rules
    where rules.period_kind in ('day', 'month')
        or (
            days.age_days >= rules.period_days * rules.rolling_number
            and days.age_days < rules.period_days * (rules.rolling_number + 1)
        )
),

by_period as (
    select
        periods_of_days.period_kind,
        periods_of_days.period_start_on,
        by_day.channel,
        by_day.region,
        by_day.customer_id,
        by_day.segment,
        {%- for amount in amounts + counts %}
        sum(by_day.{{ amount }}) as {{ amount }},
        {%- endfor %}
        {%- for flag in flags %}
        max(by_day.{{ flag }}) as {{ flag }}{{ "," if not loop.last }}
        {%- endfor %}
    from by_day
    inner join periods_of_days on periods_of_days.ordered_on = by_day.ordered_on
    group by
        periods_of_days.period_kind,
        periods_of_days.period_start_on,
        by_day.channel,
        by_day.region,
        by_day.customer_id,
        by_day.segment
),

placed as (
    select by_period.*, explode(array('all', 'channel', 'region')) as place_kind
    from by_period
),

named as (
    select
        placed.*,
        case place_kind when 'all' then 'all' when 'channel' then channel else region end as place
    from placed
),

by_customer as (
    select
        period_kind,
        period_start_on,
        place_kind,
        place,
        customer_id,
        segment,
        {%- for amount in amounts + counts %}
        sum({{ amount }}) as {{ amount }},
        {%- endfor %}
        {%- for flag in flags %}
        max({{ flag }}) as {{ flag }}{{ "," if not loop.last }}
        {%- endfor %}
    from named
    where place is not null
    group by period_kind, period_start_on, place_kind, place, customer_id, segment
),

by_segment as (
    select
        period_kind,
        period_start_on,
        place_kind,
        place,
        segment,
        {%- for amount in amounts %}
        cast(sum({{ amount }}) as decimal(18,2)) as {{ amount }},
        {%- endfor %}
        sum(order_count) as order_count,
        sum(purchase_count) as purchase_count,
        count(case when is_active = 1 then 1 end) as active_customer_count,
        count(case when is_new = 1 then 1 end) as new_customer_count,
        count(case when is_returning = 1 then 1 end) as returning_customer_count
    from by_customer
    group by period_kind, period_start_on, place_kind, place, segment
),

periods as (
    select distinct period_kind, period_number, period_start_on, last_on
    from periods_of_days
),

described as (
    select
        by_segment.period_kind,
        periods.period_number,
        by_segment.period_start_on,
        case
            when by_segment.period_kind = 'month' and periods.period_number = 0 then {{ as_of_date() }}
            else periods.last_on
        end as period_end_on,
        periods.last_on <= {{ as_of_date() }} and by_segment.period_start_on >= first_order.first_on
            as is_complete,
        by_segment.place_kind,
        by_segment.place,
        by_segment.segment,
        {%- for column in amounts + counts %}
        by_segment.{{ column }},
        {%- endfor %}
        by_segment.active_customer_count,
        by_segment.new_customer_count,
        by_segment.returning_customer_count
    from by_segment
    inner join periods
        on periods.period_kind = by_segment.period_kind
        and periods.period_start_on = by_segment.period_start_on
    cross join first_order
)

select * from described
