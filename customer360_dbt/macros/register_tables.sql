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
    {%- set built = graph.nodes.values() | selectattr("resource_type", "in", ["model", "snapshot"]) -%}
    {%- set schemas = (graph.sources.values() | list + built | list) | map(attribute="schema") | unique | list -%}
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

{#- One catalog serves one lake: a schema that holds tables of another one, or of somebody else, would be read
    and written without a word. The same mark is set and asked for by customer360/resources/catalogs.py. -#}
{% macro claim_schema(name, lake) -%}
    {%- do run_query("create schema if not exists " ~ name) -%}
    {%- set described = run_query("describe schema extended " ~ name) -%}
    {%- set properties = described.rows | selectattr(0, "equalto", "Properties") | map(attribute=1) | join -%}
    {%- set mark = local_md5(lake) -%}
    {%- if "(customer360.lake," ~ mark ~ ")" not in properties -%}
        {%- if "(customer360.lake," in properties or run_query("show tables in " ~ name).rows | length -%}
            {%- do exceptions.raise_compiler_error(
                "Schema " ~ name ~ " belongs to another lake than " ~ lake ~ ", or to somebody else. Name another"
                ~ " catalog in C360_CATALOG; or, if its tables are of no use, drop the schema: a lake's files stay."
            ) -%}
        {%- endif -%}
        {%- do run_query("alter schema " ~ name ~ " set dbproperties ('customer360.lake' = '" ~ mark ~ "')") -%}
    {%- endif -%}
{%- endmacro %}
