{#- Every column of a table with a contract is cast to its declared type. The contract has compared the
    types before; the cast is for an engine that takes a column's type from the first branch of a CASE.

    A model whose meta names `sorted_by` is written so that rows with one value of the first of these columns lie
    side by side, and every file is sorted: who looks one up reads a row group of each file. By a window and not by
    ORDER BY, which the embedded engine leaves out of a write, and which would put all rows of a cluster in order;
    the comparison keeps the window from being left out, too. -#}
{% macro default__get_select_subquery(sql) %}
    {%- set sorted_by = config.get("meta", {}).get("sorted_by") %}
    select
    {% for column in model["columns"].values() %}
        cast({{ column["name"] }} as {{ column["data_type"] }}) as {{ column["name"] }}{{ "," if not loop.last }}
    {%- endfor %}
    from (
        {%- if sorted_by %}
        select
            unsorted.*,
            row_number() over (
                partition by {{ sorted_by[0] }} order by {{ sorted_by[1:] | join(", ") }}
            ) as place_in_table
        from (
        {%- endif %}
        {{ sql }}
        {%- if sorted_by %}
        ) as unsorted
        {%- endif %}
    ) as contracted
    {%- if sorted_by %}
    where place_in_table >= 1
    {%- endif %}
{% endmacro %}
