{#- Keys of the members of dimensions that stand for no single thing of a source. They cannot collide with
    a real member's key, which hashes `store|<id>` or `sku|<id>`. -#}
{% macro unknown_key() -%}
    sha2('unknown', 256)
{%- endmacro %}

{% macro web_shop_store_key() -%}
    sha2('web_shop', 256)
{%- endmacro %}
