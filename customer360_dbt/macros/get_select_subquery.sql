{#- Every column of a table with a contract is cast to its declared type. The contract has compared the
    types before; the cast is for an engine that takes a column's type from the first branch of a CASE. -#}
{% macro default__get_select_subquery(sql) %}
    select
    {% for column in model["columns"].values() %}
        cast({{ column["name"] }} as {{ column["data_type"] }}) as {{ column["name"] }}{{ "," if not loop.last }}
    {%- endfor %}
    from (
        {{ sql }}
    ) as contracted
{% endmacro %}
