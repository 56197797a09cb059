{% macro regexp_replaced(expression, pattern, replacement='') -%}
    {{ return(adapter.dispatch('regexp_replaced', 'tongke')(expression, pattern, replacement)) }}
{%- endmacro %}

{% macro default__regexp_replaced(expression, pattern, replacement) -%}
    regexp_replace({{ expression }}, '{{ pattern }}', '{{ replacement }}')
{%- endmacro %}

{% macro duckdb__regexp_replaced(expression, pattern, replacement) -%}
    regexp_replace({{ expression }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}
