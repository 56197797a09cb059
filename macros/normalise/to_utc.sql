{% macro to_utc(expression, zone) -%}
    {{ return(adapter.dispatch('to_utc', 'tongke')(expression, zone)) }}
{%- endmacro %}

{% macro default__to_utc(expression, zone) -%}
    to_utc_timestamp({{ expression }}, '{{ zone }}')
{%- endmacro %}

{% macro duckdb__to_utc(expression, zone) -%}
    timezone('UTC', timezone('{{ zone }}', {{ expression }}))
{%- endmacro %}
