{% macro words_of(expression) -%}
    {{ return(adapter.dispatch('words_of', 'tongke')(expression)) }}
{%- endmacro %}

{% macro default__words_of(expression) -%}
    filter(split({{ expression }}, ' '), word -> word != '')
{%- endmacro %}

{% macro duckdb__words_of(expression) -%}
    list_filter(string_split({{ expression }}, ' '), lambda word: word != '')
{%- endmacro %}
