{% macro plain_literal(value) -%}
    {% if value is none %}null
    {%- elif value is string %}{{ dbt.string_literal(dbt.escape_single_quotes(value)) }}
    {%- else %}{{ value }}
    {%- endif %}
{%- endmacro %}
