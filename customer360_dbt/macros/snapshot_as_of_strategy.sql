{#- Snapshot strategy `as_of`: what each run saw, dated by the data's clock instead of the wall clock.

    A row is new when its `content_hash` differs from the one recorded last. It is valid from the as-of
    date of the run that saw it. Stock strategies do not fit: `check` hashes key and time into dbt_scd_id,
    so a second change on one as-of date would close the first version and insert none; `timestamp` takes
    every row for changed on every new as-of date. Hence the run's own id in dbt_scd_id. -#}
{% macro snapshot_as_of_strategy(node, snapshotted_rel, current_rel, model_config, target_exists) %}
    {% set unique_key = config.get("unique_key") %}
    {% set hard_deletes = adapter.get_hard_deletes_behavior(config) %}
    {% do return({
        "unique_key": unique_key,
        "updated_at": snapshot_get_time(),
        "row_changed": "(" ~ snapshotted_rel ~ ".content_hash <> " ~ current_rel ~ ".content_hash)",
        "scd_id": snapshot_hash_arguments([unique_key, "'" ~ invocation_id ~ "'"]),
        "invalidate_hard_deletes": hard_deletes == "invalidate",
        "hard_deletes": hard_deletes,
    }) %}
{% endmacro %}

{#- The time at which snapshots see a row or miss it: the as-of date. -#}
{% macro default__snapshot_get_time() -%}
    cast({{ as_of_date() }} as timestamp)
{%- endmacro %}

{#- What a run records of what it sees; nothing if its as-of date lies before one that is recorded. Such a
    run would end versions before they began, and let a key that came back be valid twice. For the whole
    snapshot and not per row: a key that is gone has no row of its own that says when. -#}
{% macro spark__snapshot_staging_table(strategy, source_sql, target_relation) -%}
    {%- set newest = run_query(
        "select max(coalesce(dbt_valid_to, dbt_valid_from)) > " ~ snapshot_get_time() ~ " as is_newer, "
        ~ "cast(max(coalesce(dbt_valid_to, dbt_valid_from)) as string) as seen_until from "
        ~ target_relation
    ).rows[0] -%}
    {%- if newest["is_newer"] -%}
        {%- do log(
            "WARN " ~ target_relation ~ " has recorded what was seen until " ~ newest["seen_until"]
            ~ "; this run, as of " ~ env_var("C360_AS_OF_DATE") ~ ", records nothing", info=true
        ) -%}
    {%- endif -%}
    select staged.* from (
        {% if target.type == "databricks" -%}
            {{ databricks__snapshot_staging_table(strategy, source_sql, target_relation) }}
        {%- else -%}
            {{ default__snapshot_staging_table(strategy, source_sql, target_relation) }}
        {%- endif %}
    ) as staged
    {%- if newest["is_newer"] %}
    where staged.dbt_change_type is null
    {%- endif %}
{%- endmacro %}
