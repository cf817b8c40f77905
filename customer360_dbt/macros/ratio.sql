{#- a / b, rounded half up; null when b is 0. Engines keep different scales when they divide decimals, and
    one truncates where the other rounds: both sides become decimal(18,2) first, so that the quotient has
    digits to spare before the one rounding. -#}
{% macro ratio(numerator, denominator, scale=2) -%}
    cast(
        round(
            cast({{ numerator }} as decimal(18,2)) / nullif(cast({{ denominator }} as decimal(18,2)), 0),
            {{ scale }}
        ) as decimal(18,{{ scale }})
    )
{%- endmacro %}
