{% macro is_credit_code(expression) -%}
    {%- set alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY' -%}
    case
        when {{ regexp_matches(expression, '^[' ~ alphabet ~ ']{18}$') }}
            then (
                {%- for place in range(17) %}
                {{ (3 ** place) % 31 }}
                * (strpos('{{ alphabet }}', substr({{ expression }}, {{ place + 1 }}, 1)) - 1)
                {{- ' +' }}
                {%- endfor %}
                strpos('{{ alphabet }}', right({{ expression }}, 1)) - 1
            ) % 31 = 0
        else false
    end
{%- endmacro %}
