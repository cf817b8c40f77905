{#- The score of a buyer, 1 to 5, by the rank (0 to 1) among all buyers. -#}
{% macro fifth(rank) -%}
    cast(least(floor({{ rank }} * 5) + 1, 5) as int)
{%- endmacro %}
