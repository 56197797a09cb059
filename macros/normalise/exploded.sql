{% macro exploded(list) -%}
    {{ return(adapter.dispatch('exploded', 'tongke')(list)) }}
{%- endmacro %}

{% macro default__exploded(list) -%}
    explode({{ list }})
{%- endmacro %}

{% macro duckdb__exploded(list) -%}
    unnest({{ list }})
{%- endmacro %}
