{% macro drop_work_table(model_relation, name) -%}
    {{ return(adapter.dispatch('drop_work_table', 'tongke')(model_relation, name)) }}
{%- endmacro %}

{% macro default__drop_work_table(model_relation, name) -%}
    {%- do run_query(
        'drop table if exists '
        ~ model_relation.incorporate(path={'identifier': model_relation.identifier ~ '__' ~ name})
    ) -%}
{%- endmacro %}

{% macro duckdb__drop_work_table(model_relation, name) -%}
    {%- do run_query('drop table if exists temp.' ~ model_relation.identifier ~ '__' ~ name) -%}
{%- endmacro %}
