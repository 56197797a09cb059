{% macro hashed(expression, salt) -%}
    {{ return(adapter.dispatch('hashed', 'tongke')(expression, salt)) }}
{%- endmacro %}

{% macro default__hashed(expression, salt) -%}
    md5(concat({{ expression }}, '{{ salt }}'))
{%- endmacro %}

{% macro duckdb__hashed(expression, salt) -%}
    hash({{ expression }}, {{ salt }})
{%- endmacro %}
