{% macro tax_id_core(expression) -%}
    {#- what every form of a tax id has in it, whatever its check digits say #}
    case
        {#- the credit code and the older tax number end with the code of the organisation #}
        when length({{ expression }}) = 18 and {{ is_credit_code(expression) }}
            then substr({{ expression }}, 9, 9)
        when {{ regexp_matches(expression, '^[0-9]{6}[0-9A-Z]{9}$') }}
            then right({{ expression }}, 9)
        {#- a VAT number has its country in front, and may say behind it what it is #}
        else {{ regexp_replaced(expression, '^[A-Z]{2}|(MVA|MOMS|TVA|VAT)$') }}
    end
{%- endmacro %}
