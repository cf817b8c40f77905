{{ config(meta={"dagster": {"ref": {"name": "customer_360"}}}) }}
with customers as (
    select customer_id from {{ ref('stg_identity__customers') }}
),

wide as (
    select customer_id, segment from {{ ref('customer_360') }}
)

select customers.customer_id, wide.customer_id as wide_customer_id, wide.segment
from customers
full outer join wide on wide.customer_id = customers.customer_id
where customers.customer_id is null or wide.customer_id is null or wide.segment is null
