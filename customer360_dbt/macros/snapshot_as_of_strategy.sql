{#- Snapshot strategy `as_of`: what each run saw, dated by the data's clock instead of the wall clock.

    A row is new when its `content_hash` differs from the one recorded last. It is valid from the as-of
    date of the run that saw it. Stock strategies do not fit: `check` hashes key and time into dbt_scd_id,
    so a second change on one as-of date would close the first version and insert none; `timestamp` takes
    every row for changed on every new as-of date. Hence the run's own id in dbt_scd_id.
    A run whose as-of date lies before a version's start leaves that version alone. -#}
{% macro snapshot_as_of_strategy(node, snapshotted_rel, current_rel, model_config, target_exists) %}
    {% set unique_key = config.get("unique_key") %}
    {% set hard_deletes = adapter.get_hard_deletes_behavior(config) %}
    {% set row_changed -%}
        ({{ snapshotted_rel }}.content_hash <> {{ current_rel }}.content_hash
        and {{ snapshotted_rel }}.dbt_valid_from <= {{ snapshot_get_time() }})
    {%- endset %}
    {% do return({
        "unique_key": unique_key,
        "updated_at": snapshot_get_time(),
        "row_changed": row_changed,
        "scd_id": snapshot_hash_arguments([unique_key, "'" ~ invocation_id ~ "'"]),
        "invalidate_hard_deletes": hard_deletes == "invalidate",
        "hard_deletes": hard_deletes,
    }) %}
{% endmacro %}

{#- The time at which snapshots see a row or miss it: the as-of date. -#}
{% macro default__snapshot_get_time() -%}
    cast({{ as_of_date() }} as timestamp)
{%- endmacro %}
