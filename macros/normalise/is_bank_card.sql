{% macro is_bank_card(expression) -%}
    case
        when {{ regexp_matches(expression, '^[2-6][0-9]{12,18}$') }} then {{ is_luhn(expression) }}
        else false
    end
{%- endmacro %}
