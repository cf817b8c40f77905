{#- Make the lake's tables known to the target's catalog: what models read, and what this project has built
    before. A warehouse's catalog is not the engine's, and a snapshot that it does not know would be built
    anew, its history gone. The engine of a run registers the lake in its own catalog: nothing to do. -#}
{% macro register_tables() -%}
    {%- if execute and flags.WHICH in ("build", "run", "test", "snapshot") -%}
        {{ return(adapter.dispatch("register_tables", "customer360")()) }}
    {%- endif -%}
{%- endmacro %}

{% macro default__register_tables() -%}
{%- endmacro %}

{% macro databricks__register_tables() -%}
    {%- set lake = env_var("C360_LAKE_URL") -%}
    {%- set schemas = graph.sources.values() | map(attribute="schema") | unique | list + [target.schema] -%}
    {%- set read = [] -%}
    {%- for table in graph.sources.values() -%}
        {%- do read.append(table.schema ~ "." ~ table.identifier) -%}
    {%- endfor -%}
    {%- for schema in schemas -%}
        {%- set name = api.Relation.create(database=target.database, schema=schema).without_identifier() -%}
        {%- do claim_schema(name, lake) -%}
        {%- set known = run_query("show tables in " ~ name).rows | map(attribute="tableName") | list -%}
        {%- for key in env_var("C360_LAKE_TABLES").split(",")
            if key.startswith(schema ~ ".") and (schema == target.schema or key in read) -%}
            {%- set table = key.split(".")[1] -%}
            {%- if table not in known -%}
                {%- set relation = api.Relation.create(
                    database=target.database, schema=schema, identifier=table, type="table"
                ) -%}
                {%- call statement("register") -%}
                    create table if not exists {{ relation }} using delta
                    location '{{ lake }}/{{ schema }}/{{ table }}'
                {%- endcall -%}
                {%- do adapter.cache_added(relation) -%}
            {%- endif -%}
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
