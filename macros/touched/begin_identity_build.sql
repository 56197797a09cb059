{#- A build is partial if it takes up everything that is kept, and the last one that did came to its end. -#}
{% macro begin_identity_build() -%}
    {%- if execute -%}
        {%- set kept_ids = kept_models() | map(attribute='unique_id') | list -%}
        {%- set selected_ids = kept_ids | select('in', selected_resources) | list -%}
        {%- if selected_ids -%}
            {%- set builds = api.Relation.create(
                database=target.database, schema='operations', identifier='identity_builds', type='table'
            ) -%}
            {%- set text = api.Column.translate_type('string') -%}
            {%- do adapter.create_schema(builds) -%}
            {%- do run_query(
                'create table if not exists ' ~ builds ~ ' (invocation_id ' ~ text ~ ', fingerprint ' ~ text
                ~ ', is_partial boolean, is_complete boolean, started_at timestamp)'
            ) -%}
            {%- set last = run_query(
                'select fingerprint, is_partial, is_complete from ' ~ builds
                ~ ' order by started_at desc, is_complete limit 1'
            ) -%}
            {%- set missing = [] -%}
            {%- for node in kept_models()
                if adapter.get_relation(node.database, node.schema, node.alias) is none -%}
                {%- do missing.append(node) -%}
            {%- endfor -%}
            {%- set is_known = last | length > 0 and not missing and not flags.FULL_REFRESH -%}
            {%- if selected_ids | length == kept_ids | length -%}
                {%- set is_partial = is_known and last[0][2] and last[0][0] == identity_fingerprint() -%}
            {%- else -%}
                {#- a part of the models, by themselves: once more what the last build did -#}
                {%- set is_partial = is_known and last[0][1] -%}
            {%- endif -%}
            {%- do run_query(
                'insert into ' ~ builds ~ ' values (' ~ dbt.string_literal(invocation_id) ~ ', '
                ~ dbt.string_literal(identity_fingerprint()) ~ ', ' ~ (is_partial | string | lower)
                ~ ', false, ' ~ timestamp_literal(run_started_at) ~ ')'
            ) -%}
            {#- a hook's own queries are rolled back when it ends; creating a schema commits them -#}
            {%- do adapter.create_schema(builds) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
