{% macro end_identity_build(results) -%}
    {#- a build without rows is no state to go on from -#}
    {%- if execute and results and not (invocation_args_dict.get('empty') or invocation_args_dict.get('sample')) -%}
        {%- set kept_ids = kept_models() | map(attribute='unique_id') | list -%}
        {%- set built_ids = [] -%}
        {%- for result in results
            if result.node is defined and result.status | string == 'success'
            and result.node.unique_id in kept_ids -%}
            {%- do built_ids.append(result.node.unique_id) -%}
        {%- endfor -%}
        {%- if built_ids | length == kept_ids | length -%}
            {%- set builds = adapter.get_relation(target.database, 'operations', 'identity_builds') -%}
            {%- do run_query(
                'update ' ~ builds ~ ' set is_complete = true where invocation_id = '
                ~ dbt.string_literal(invocation_id)
            ) -%}
            {%- do run_query(
                'delete from ' ~ builds ~ ' where invocation_id != ' ~ dbt.string_literal(invocation_id)
            ) -%}
            {%- do adapter.create_schema(builds) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
