{% macro json_text(document, field) -%}
    {{ return(adapter.dispatch('json_text', 'tongke')(document, field)) }}
{%- endmacro %}

{% macro default__json_text(document, field) -%}
    get_json_object({{ document }}, concat('$.', {{ field }}))
{%- endmacro %}

{% macro duckdb__json_text(document, field) -%}
    json_extract_string({{ document }}, '$.' || {{ field }})
{%- endmacro %}
