{#- Fails on every row that has a null in one of the columns. -#}
{% test columns_are_filled(model, columns) %}
select {{ columns | join(", ") }}
from {{ model }}
where {% for column in columns %}{{ " or " if not loop.first }}{{ column }} is null{% endfor %}
{% endtest %}
