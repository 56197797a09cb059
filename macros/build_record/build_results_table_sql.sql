{#- The DDL of the build record. -#}
{#- build_results_table_sql(relation) -> create table if not exists operations.build_results (…) -#}
{% macro build_results_table_sql(relation) -%}
    {%- set text = api.Column.translate_type('string') -%}
    create table if not exists {{ relation }} (
        invocation_id {{ text }},
        target {{ text }},
        command {{ text }},
        unique_id {{ text }},
        resource_type {{ text }},
        status {{ text }},
        failures bigint,
        started_at timestamp,
        completed_at timestamp
    )
{%- endmacro %}
