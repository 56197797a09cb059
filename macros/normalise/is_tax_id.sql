{% macro is_tax_id(expression) -%}
    (
        {{ is_credit_code(expression) }}
        or {{ organisation_code(expression) }} is not null
        {#- VAT numbers of Europe, and the plain digits of America's and Australia's #}
        or {{ regexp_matches(expression, '^[A-Z]{2}[0-9A-Z]{0,3}[0-9]{7,10}[0-9A-Z]{0,3}$') }}
        or {{ regexp_matches(expression, '^[1-9][0-9]{8}$') }}
        or {{ regexp_matches(expression, '^([2-9][0-9]|1[0-2])[0-9]{9}$') }}
    )
{%- endmacro %}
