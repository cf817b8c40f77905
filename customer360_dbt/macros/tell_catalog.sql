{#- What Unity Catalog is told of a table that was made: which columns hold personal data, so that policies can
    mask them by tag, and the key, which tools that draw models read. The lake's own readers see neither: both
    lie in the catalog, and the Delta table keeps its reader version. -#}
{% macro tell_catalog(relation) -%}
    {%- if execute -%}
        {{ return(adapter.dispatch("tell_catalog", "customer360")(relation)) }}
    {%- endif -%}
{%- endmacro %}

{% macro default__tell_catalog(relation) -%}
{%- endmacro %}

{% macro databricks__tell_catalog(relation) -%}
    {%- set personal = model.columns.values() | selectattr("meta.pii", "defined") | map(attribute="name") | list -%}
    {%- set is_personal = personal or model.config.meta.get("pii") -%}
    {%- do run_query(
        "alter table " ~ relation ~ " set tags ('layer' = '" ~ model.schema
        ~ "', 'pii' = '" ~ ("true" if is_personal else "false") ~ "')"
    ) -%}
    {%- for column in personal -%}
        {%- do run_query(
            "alter table " ~ relation ~ " alter column " ~ adapter.quote(column) ~ " set tags ('pii' = 'true')"
        ) -%}
    {%- endfor -%}
    {%- for columns in key_columns() -%}
        {%- for column in columns -%}
            {%- do run_query("alter table " ~ relation ~ " alter column " ~ column ~ " set not null") -%}
        {%- endfor -%}
        {%- do run_query(
            "alter table " ~ relation ~ " add constraint " ~ relation.identifier ~ "_key primary key ("
            ~ columns | join(", ") ~ ")"
        ) -%}
    {%- endfor -%}
{%- endmacro %}

{#- The key of the model at hand, as its test `key_is_unique` names it; a list of one, or of none. -#}
{% macro key_columns() -%}
    {%- set keys = [] -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == "test" and node.attached_node == model.unique_id
        and node.test_metadata and node.test_metadata.name == "key_is_unique" -%}
        {%- do keys.append(node.test_metadata.kwargs["columns"]) -%}
    {%- endfor -%}
    {%- do return(keys) -%}
{%- endmacro %}
