{#- Text of the first (or last) event of a group that has one, by `event_place`: digits of one width, so that
    their order as text is the events' order. min_by and max_by over text made the
    session table take a third longer on the embedded engine. -#}
{% macro earliest(text) -%}
    substr(min(concat(event_place, {{ text }})), 11)
{%- endmacro %}

{% macro latest(text) -%}
    substr(max(concat(event_place, {{ text }})), 11)
{%- endmacro %}
