{#- The embedded engine replaces a table whose columns changed only with overwriteSchema. A macro instead of
    the config `options`, because dbt-databricks does not know that config and inherits this macro. -#}
{% macro spark__options_clause() -%}
    {%- if target.type == "spark" -%}
        options (overwriteSchema "true")
    {%- endif -%}
{%- endmacro %}
