{#- Key of a gold row: SHA-256 of its business key, the parts joined by |. Parts must not be null. -#}
{% macro hash_key(parts) -%}
    sha2(concat_ws('|', {{ parts | join(", ") }}), 256)
{%- endmacro %}
