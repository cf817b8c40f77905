{#- The clock of the data: the last landing day loaded. Nothing in this project asks for today's date. Not read
    while dbt parses: a variable that changed there makes it parse again what had used it. -#}
{% macro as_of_date() -%}
    date'{{ env_var("C360_AS_OF_DATE", "1970-01-01") if execute else "1970-01-01" }}'
{%- endmacro %}
