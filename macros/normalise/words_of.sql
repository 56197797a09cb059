{% macro words_of(expression) -%}
    {{ kept_words("string_split(" ~ expression ~ ", ' ')", "word != ''") }}
{%- endmacro %}
