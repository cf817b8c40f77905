{#- A snapshot whose source gained columns. The embedded engine has no ALTER TABLE ADD COLUMNS; a merge of
    no rows with schema evolution adds them on every engine. -#}
{% macro spark__create_columns(relation, columns) %}
    {% if columns %}
        {% call statement() %}
            merge with schema evolution into {{ relation }} as present
            using (
                select
                    recorded.*
                    {%- for column in columns | sort(attribute="name") %},
                    cast(null as {{ column.data_type }}) as {{ column.name }}
                    {%- endfor %}
                from {{ relation }} as recorded
                where recorded.dbt_scd_id is null and recorded.dbt_scd_id is not null
            ) as wider
            on present.dbt_scd_id = wider.dbt_scd_id
            when not matched then insert *
        {% endcall %}
    {% endif %}
{% endmacro %}
