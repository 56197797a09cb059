{% macro changed_words(words, change) -%}
    {{ return(adapter.dispatch('changed_words', 'tongke')(words, change)) }}
{%- endmacro %}

{% macro default__changed_words(words, change) -%}
    transform({{ words }}, word -> {{ change }})
{%- endmacro %}

{% macro duckdb__changed_words(words, change) -%}
    list_transform({{ words }}, lambda word: {{ change }})
{%- endmacro %}
