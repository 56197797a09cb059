{#- One node's result as a row of values. -#}
{#- build_result_row(result) -> ('3f…', 'duckdb', 'build', 'model.tongke.dim_people', 'model', 'success', null, timestamp '…', timestamp '…') -#}
{% macro build_result_row(result) -%}
    {%- set status = result.status | string -%}
    {%- if result.node.resource_type | string == 'model' and status == 'success' -%}
        {%- if invocation_args_dict.get('empty') -%}
            {%- set status = 'empty' -%}
        {%- elif invocation_args_dict.get('sample') -%}
            {%- set status = 'sampled' -%}
        {%- endif -%}
    {%- endif -%}
    {#- a skipped node has no times; without one, its last success would look like its newest word -#}
    {%- set times = result.timing | map(attribute='started_at') | list
        + result.timing | map(attribute='completed_at') | list -%}
    {%- set known_times = times | select | sort or [modules.datetime.datetime.now(modules.pytz.utc)] -%}
    (
        {{ string_literal(invocation_id) }},
        {{ string_literal(target.name) }},
        {{ string_literal(invocation_args_dict.get('which')) }},
        {{ string_literal(result.node.unique_id) }},
        {{ string_literal(result.node.resource_type | string) }},
        {{ string_literal(status) }},
        {{ result.failures if result.failures is number else 'null' }},
        {{ timestamp_literal(known_times | first) }},
        {{ timestamp_literal(known_times | last) }}
    )
{%- endmacro %}
