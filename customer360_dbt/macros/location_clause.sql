{#- Gold lies in the lake of the run. Read here, when a table is made, and not in dbt_project.yml: an
    environment variable of the project that changed makes dbt parse everything again, 3 s of each start. -#}
{% macro spark__location_clause() %}
    location '{{ env_var("C360_LAKE_URL") }}/gold/{{ model["alias"] }}'
{%- endmacro %}
