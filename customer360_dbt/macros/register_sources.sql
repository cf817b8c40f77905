{#- Make the lake's tables known to the target's catalog. The engine of a run has registered them in its own;
    a warehouse's catalog is another one, unless the engine shares it. -#}
{% macro register_sources() -%}
    {%- if execute and flags.WHICH in ("build", "run", "test", "snapshot") -%}
        {{ return(adapter.dispatch("register_sources", "customer360")()) }}
    {%- endif -%}
{%- endmacro %}

{% macro default__register_sources() -%}
{%- endmacro %}

{% macro databricks__register_sources() -%}
    {%- set lake = env_var("C360_LAKE_URL") -%}
    {%- set by_schema = {} -%}
    {%- for table in graph.sources.values() -%}
        {%- do by_schema.setdefault(table.schema, []).append(table) -%}
    {%- endfor -%}
    {%- for schema, tables in by_schema.items() -%}
        {%- set name = api.Relation.create(database=target.database, schema=schema).without_identifier() -%}
        {%- do claim_schema(name, lake) -%}
        {%- set known = run_query("show tables in " ~ name).rows | map(attribute="tableName") | list -%}
        {%- for table in tables if table.identifier not in known -%}
            {%- do run_query(
                "create table if not exists " ~ source(table.source_name, table.name)
                ~ " using delta location '" ~ lake ~ "/" ~ schema ~ "/" ~ table.identifier ~ "'"
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}

{#- One catalog serves one lake: a schema that holds another lake's tables would be read without a word. The
    same mark is set and asked for by customer360/resources/catalogs.py. -#}
{% macro claim_schema(name, lake) -%}
    {%- do run_query("create schema if not exists " ~ name) -%}
    {%- set described = run_query("describe schema extended " ~ name) -%}
    {%- set properties = described.rows | selectattr(0, "equalto", "Properties") | map(attribute=1) | join -%}
    {%- if "(customer360.lake," not in properties -%}
        {%- do run_query("alter schema " ~ name ~ " set dbproperties ('customer360.lake' = '" ~ lake ~ "')") -%}
    {%- elif "(customer360.lake," ~ lake ~ ")" not in properties -%}
        {%- do exceptions.raise_compiler_error(
            "Schema " ~ name ~ " belongs to another lake than " ~ lake ~ ": " ~ properties
            ~ ". Name another catalog in C360_CATALOG, or drop the schema: the lake's files stay."
        ) -%}
    {%- endif -%}
{%- endmacro %}
