{#- Why records are in quarantine, of all entities; what they say stays there. -#}
{%- set entities = (
    "pos__receipts",
    "pos__receipt_lines",
    "ecommerce__accounts",
    "ecommerce__orders",
    "web__events",
    "social__profiles",
    "social__interactions",
    "crm__contacts",
    "crm__consents",
    "service__tickets",
    "marketing__campaigns",
    "marketing__deliveries",
    "catalog__products",
    "catalog__stores",
) -%}
with unioned as (
    {%- for entity in entities %}
    {%- if not loop.first %}
    union all
    {%- endif %}
    select '{{ entity }}' as entity, rule, column_name, landed_on
    from {{ source('quarantine', entity) }}
    {%- endfor %}
)

select * from unioned
