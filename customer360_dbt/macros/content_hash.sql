{#- Hash of columns' values in which a null differs from every text. -#}
{% macro content_hash(columns) -%}
    sha2(concat_ws('|',
        {%- for column in columns %}
        coalesce(concat('=', cast({{ column }} as string)), '-'){{ "," if not loop.last }}
        {%- endfor %}
    ), 256)
{%- endmacro %}
