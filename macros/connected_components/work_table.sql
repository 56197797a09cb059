{% macro work_table(model_relation, name, query) -%}
    {{ return(adapter.dispatch('work_table', 'tongke')(model_relation, name, query)) }}
{%- endmacro %}

{#- Not through create_table_as: that would hold a work table to the model's contract. -#}
{% macro default__work_table(model_relation, name, query) -%}
    {%- set relation = model_relation.incorporate(
        path={'identifier': model_relation.identifier ~ '__' ~ name}
    ) -%}
    {%- do run_query('drop table if exists ' ~ relation) -%}
    {%- do run_query('create table ' ~ relation ~ ' as ' ~ query) -%}
    {{ return(relation | string) }}
{%- endmacro %}

{% macro duckdb__work_table(model_relation, name, query) -%}
    {%- set table_name = model_relation.identifier ~ '__' ~ name -%}
    {%- do run_query('create or replace temporary table ' ~ table_name ~ ' as ' ~ query) -%}
    {{ return(table_name) }}
{%- endmacro %}
