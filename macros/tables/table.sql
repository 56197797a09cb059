{#-
    A table, replaced within its transaction. dbt-duckdb's own builds it under another name, renames
    two tables and drops one, each a round of dbt's Python: half of what a small model takes.
-#}
{% materialization table, adapter='duckdb' %}

    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}

    {{ run_hooks(pre_hooks, inside_transaction=false) }}
    {{ run_hooks(pre_hooks, inside_transaction=true) }}

    {% if existing_relation is not none and not existing_relation.is_table %}
        {{ drop_relation_if_exists(existing_relation) }}
    {% endif %}

    {% call statement('main') %}
        drop table if exists {{ target_relation }};
        {{ create_table_as(false, target_relation, compiled_code) }}
    {% endcall %}

    {% do create_indexes(target_relation) %}

    {{ run_hooks(post_hooks, inside_transaction=true) }}

    {% do apply_grants(target_relation, config.get('grants'), should_revoke=false) %}
    {% do persist_docs(target_relation, model) %}

    {{ adapter.commit() }}

    {{ run_hooks(post_hooks, inside_transaction=false) }}

    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}
