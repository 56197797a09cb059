{% macro day_and_month_exchanged(expression) -%}
    {{ regexp_replaced(expression, '^([0-9]{1,2})/([0-9]{1,2})/', '\\2/\\1/') }}
{%- endmacro %}
