{#- Asked of the row that begin_identity_build wrote, so that all models of a run agree. -#}
{% macro is_partial_build() -%}
    {%- if not execute or model.resource_type == 'unit_test' -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set builds = adapter.get_relation(target.database, 'operations', 'identity_builds') -%}
    {%- if builds is none -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set found = run_query(
        'select is_partial from ' ~ builds
        ~ ' where invocation_id = ' ~ dbt.string_literal(invocation_id)
    ) -%}
    {{ return(found | length > 0 and found[0][0]) }}
{%- endmacro %}
