with lines as (
    select * from {{ ref('fct_order_lines') }}
    where customer_id is not null
),

products as (
    select * from {{ ref('dim_products') }}
),

spent as (
    select
        lines.customer_id,
        products.department,
        products.category,
        lines.revenue_amount
    from lines
    inner join products on products.product_key = lines.product_key
),
{% for level in ("department", "category") %}
{{ level }}_totals as (
    select
        customer_id,
        {{ level }},
        cast(sum(revenue_amount) as decimal(18,2)) as spend_amount
    from spent
    where {{ level }} <> 'Unknown'
    group by customer_id, {{ level }}
    having sum(revenue_amount) > 0
),

{{ level }}_ranked as (
    select
        customer_id,
        {{ level }},
        spend_amount,
        cast(sum(spend_amount) over (partition by customer_id) as decimal(18,2)) as total_amount,
        row_number() over (
            partition by customer_id order by spend_amount desc, {{ level }}
        ) as {{ level }}_rank
    from {{ level }}_totals
),

top_{{ level }} as (
    select
        customer_id,
        {{ level }} as top_{{ level }},
        {{ ratio("spend_amount", "total_amount", 4) }} as top_{{ level }}_share
    from {{ level }}_ranked
    where {{ level }}_rank = 1
),
{% endfor %}
joined as (
    select
        top_department.customer_id,
        top_department.top_department,
        top_department.top_department_share,
        top_category.top_category,
        top_category.top_category_share
    from top_department
    left join top_category on top_category.customer_id = top_department.customer_id
)

select * from joined
