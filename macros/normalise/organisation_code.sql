{% macro organisation_code(expression) -%}
    {#- the credit code has it in its ninth to seventeenth place, the older tax number at its end -#}
    case
        when length({{ expression }}) = 18 and {{ is_credit_code(expression) }}
            then substr({{ expression }}, 9, 9)
        when length({{ expression }}) = 15 and {{ is_organisation_code('right(' ~ expression ~ ', 9)') }}
            then right({{ expression }}, 9)
        when {{ is_organisation_code(expression) }} then {{ expression }}
    end
{%- endmacro %}
