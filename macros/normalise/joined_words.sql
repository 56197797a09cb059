{% macro joined_words(words, separator='') -%}
    {{ return(adapter.dispatch('joined_words', 'tongke')(words, separator)) }}
{%- endmacro %}

{% macro default__joined_words(words, separator) -%}
    array_join({{ words }}, '{{ separator }}')
{%- endmacro %}

{% macro duckdb__joined_words(words, separator) -%}
    array_to_string({{ words }}, '{{ separator }}')
{%- endmacro %}
