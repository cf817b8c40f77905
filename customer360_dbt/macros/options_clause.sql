{#- The embedded engine replaces a table whose columns changed only with overwriteSchema. A macro instead of
    the config `options`, because dbt-databricks does not know that config and inherits this macro.

    A sorted table (get_select_subquery) is written in small files: the engine makes one row group of a million
    rows of each, and whoever looks somebody up reads a whole row group of each file that may hold it. At a million
    customers a search takes a tenth of the time. -#}
{% macro spark__options_clause() -%}
    {%- if target.type == "spark" -%}
        options (overwriteSchema "true"
        {%- if config.get("meta", {}).get("sorted_by") %}, targetFileSize "{{ var("sorted_file_bytes") }}"{% endif %})
    {%- endif -%}
{%- endmacro %}
