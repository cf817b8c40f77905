{% snapshot customers_snapshot %}
{{ config(strategy="as_of", unique_key="customer_id", hard_deletes="invalidate") }}
{#- Counts and days seen change with every receipt: they are not what the golden record says of a person. -#}
{%- set content = [
    "title", "first_name", "last_name", "email", "phone", "street", "city", "postal_code", "country",
    "date_of_birth", "loyalty_card_number", "has_account", "has_contact", "has_loyalty_card",
    "has_social_profile", "is_deleted",
] -%}
with customers as (
    select * from {{ ref('stg_identity__customers') }}
),

hashed as (
    select
        customer_id,
        {% for column in content %}{{ column }},
        {% endfor -%}
        {{ content_hash(content) }} as content_hash
    from customers
)

select * from hashed
{% endsnapshot %}
