{#- Not through create_table_as: that would hold a work table to the model's contract. -#}
{% macro work_table(work_tables, name, query) -%}
    {{ return(adapter.dispatch('work_table', 'tongke')(work_tables, name, query)) }}
{%- endmacro %}

{% macro default__work_table(work_tables, name, query) -%}
    {%- set relation = this.incorporate(path={'identifier': this.identifier ~ '__' ~ name}) | string -%}
    {%- do run_query('drop table if exists ' ~ relation) -%}
    {%- do run_query('create table ' ~ relation ~ ' as ' ~ query) -%}
    {%- do work_tables.append(relation) -%}
    {{ return(relation) }}
{%- endmacro %}

{% macro duckdb__work_table(work_tables, name, query) -%}
    {%- set relation = 'temp.' ~ this.identifier ~ '__' ~ name -%}
    {%- do run_query('create or replace temporary table ' ~ relation ~ ' as ' ~ query) -%}
    {%- do work_tables.append(relation) -%}
    {{ return(relation) }}
{%- endmacro %}
