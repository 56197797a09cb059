{#- What every materialization of a table begins with: hooks, and no view in the table's place. -#}
{% macro begun_table(pre_hooks) -%}
    {%- set existing_relation = load_cached_relation(this) -%}

    {{ run_hooks(pre_hooks, inside_transaction=false) }}
    {{ run_hooks(pre_hooks, inside_transaction=true) }}

    {%- if existing_relation is not none and not existing_relation.is_table -%}
        {{ drop_relation_if_exists(existing_relation) }}
    {%- endif -%}
    {{ return(this.incorporate(type='table')) }}
{%- endmacro %}
