{% macro finished_table(target_relation, query, post_hooks, work_tables=()) -%}
    {%- call statement('main') -%}
        drop table if exists {{ target_relation }};
        {{ create_table_as(false, target_relation, query) }}
    {%- endcall -%}
    {%- for name in work_tables -%}
        {%- do run_query('drop table ' ~ name) -%}
    {%- endfor -%}
    {%- do create_indexes(target_relation) -%}

    {{ run_hooks(post_hooks, inside_transaction=true) }}

    {%- do apply_grants(target_relation, config.get('grants'), should_revoke=false) -%}
    {%- do persist_docs(target_relation, model) -%}

    {{ adapter.commit() }}

    {{ run_hooks(post_hooks, inside_transaction=false) }}

    {{ return({'relations': [target_relation]}) }}
{%- endmacro %}
