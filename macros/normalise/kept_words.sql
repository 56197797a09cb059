{% macro kept_words(words, condition) -%}
    {{ return(adapter.dispatch('kept_words', 'tongke')(words, condition)) }}
{%- endmacro %}

{% macro default__kept_words(words, condition) -%}
    filter({{ words }}, word -> {{ condition }})
{%- endmacro %}

{% macro duckdb__kept_words(words, condition) -%}
    list_filter({{ words }}, lambda word: {{ condition }})
{%- endmacro %}
