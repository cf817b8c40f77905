with orders as (
    select * from {{ ref('fct_orders') }}
),

first_order as (
    -- A till with a broken clock must not make a calendar of centuries.
    select coalesce(min(ordered_on), {{ as_of_date() }}) as first_on
    from orders
    where ordered_on >= date'2000-01-01'
),

bounds as (
    select
        cast(trunc(least(first_on, {{ as_of_date() }}), 'YEAR') as date) as first_on,
        cast(date_add(add_months(trunc({{ as_of_date() }}, 'YEAR'), 12), -1) as date) as last_on
    from first_order
),

days as (
    select explode(sequence(first_on, last_on, interval 1 day)) as date_day
    from bounds
),

numbered as (
    select
        cast(date_day as date) as date_day,
        cast(year(date_day) as int) as calendar_year,
        cast(quarter(date_day) as int) as calendar_quarter,
        cast(month(date_day) as int) as calendar_month,
        cast(dayofmonth(date_day) as int) as day_of_month,
        cast((dayofweek(date_day) + 5) % 7 + 1 as int) as day_of_week,
        cast(weekofyear(date_day) as int) as iso_week
    from days
),

named as (
    select
        date_day,
        calendar_year,
        calendar_quarter,
        calendar_month,
        element_at(
            array(
                'January', 'February', 'March', 'April', 'May', 'June', 'July',
                'August', 'September', 'October', 'November', 'December'
            ),
            calendar_month
        ) as month_name,
        cast(trunc(date_day, 'MONTH') as date) as month_start_on,
        iso_week,
        cast(date_add(date_day, 1 - day_of_week) as date) as week_start_on,
        day_of_month,
        day_of_week,
        element_at(
            array('Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'),
            day_of_week
        ) as day_name,
        day_of_week >= 6 as is_weekend,
        date_day <= {{ as_of_date() }} as is_past
    from numbered
)

select * from named
