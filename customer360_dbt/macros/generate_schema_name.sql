{#- The schema is the layer: `+schema: gold` is schema gold, for every target and user. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
