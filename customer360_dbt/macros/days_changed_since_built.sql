{#- Landing days that may have changed in a model's source since the model's table was built, as YYYY-MM-DD;
    none where the whole table is to be built. The run process knows (resources/watermarks.py) and says so
    in C360_CHANGED_DAYS; plain dbt and --full-refresh build the whole table. -#}
{% macro days_changed_since_built() -%}
    {%- set days = none -%}
    {%- if execute and not flags.FULL_REFRESH -%}
        {%- set days = fromjson(env_var("C360_CHANGED_DAYS", "{}")).get(model["name"]) -%}
    {%- endif -%}
    {%- do return(days) -%}
{%- endmacro %}

{#- Whether a date column holds one of these days; false where there are none. -#}
{% macro is_on_day(column, days) -%}
    {%- if days -%}
        {{ column }} in (
            {%- for day in days %}date'{{ day }}'{{ ", " if not loop.last }}{% endfor -%}
        )
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}
