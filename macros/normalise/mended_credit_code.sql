{% macro mended_credit_code(expression) -%}
    {#- its alphabet leaves out the letters that look like digits, so that one is a slip #}
    {%- set mended = 'translate(' ~ expression ~ ", 'IOSZ', '1052')" -%}
    case
        when length({{ expression }}) = 18 and {{ is_credit_code(mended) }} then {{ mended }}
        else {{ expression }}
    end
{%- endmacro %}
