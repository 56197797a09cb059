{% macro is_tax_id(expression) -%}
    (
        {{ is_credit_code(expression) }}
        or {{ regexp_matches(expression, '^[A-Z]{2}[0-9A-Z]{0,3}[0-9]{7,10}$') }}
    )
{%- endmacro %}
