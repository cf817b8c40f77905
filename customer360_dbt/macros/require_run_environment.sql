{#- Defaults let the project be parsed anywhere; a run without its lake or its clock is refused here. -#}
{% macro require_run_environment() -%}
    {%- if execute and flags.WHICH in ("build", "run", "test", "snapshot") -%}
        {%- set missing = [] -%}
        {%- for name in ("C360_LAKE_URL", "C360_AS_OF_DATE") if not env_var(name, "") -%}
            {%- do missing.append(name) -%}
        {%- endfor -%}
        {%- if missing -%}
            {%- do exceptions.raise_compiler_error(
                "Not set: " ~ missing | join(", ") ~ ". C360_LAKE_URL is the lake's absolute path or URL, "
                ~ "C360_AS_OF_DATE the last landing day loaded (YYYY-MM-DD); `customer360 run` sets both."
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
