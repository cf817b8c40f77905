{{ config(meta={"dagster": {"ref": {"name": "customer_360"}}}) }}
with of_customers as (
    select coalesce(sum(lifetime_spend_amount), cast(0 as decimal(18,2))) as amount
    from {{ ref('customer_360') }}
),

of_nobody as (
    select coalesce(sum(revenue_amount), cast(0 as decimal(18,2))) as amount
    from {{ ref('fct_orders') }}
    where customer_id is null
),

of_all as (
    select coalesce(sum(revenue_amount), cast(0 as decimal(18,2))) as amount
    from {{ ref('fct_orders') }}
)

select
    of_customers.amount as of_customers,
    of_nobody.amount as of_nobody,
    of_all.amount as of_all
from of_customers
cross join of_nobody
cross join of_all
where of_customers.amount + of_nobody.amount <> of_all.amount
