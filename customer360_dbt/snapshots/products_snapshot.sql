{% snapshot products_snapshot %}
{{ config(strategy="as_of", unique_key="sku", hard_deletes="invalidate") }}
{%- set content = ["product_name", "department", "category", "brand", "list_price", "unit_cost"] -%}
with products as (
    select * from {{ ref('stg_catalog__products') }}
),

hashed as (
    select
        sku,
        {% for column in content %}{{ column }},
        {% endfor -%}
        {{ content_hash(content) }} as content_hash
    from products
)

select * from hashed
{% endsnapshot %}
