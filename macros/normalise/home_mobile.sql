{% macro home_mobile(expression) -%}
    {%- set digits = regexp_replaced(
        regexp_replaced(narrow_text(expression), '[.]0+$'), '[\\s().·\u3000\u00a0-]'
    ) -%}
    case
        {#- most are typed as they should be, and need no mending #}
        when {{ regexp_matches(expression, '^1[3-9][0-9]{9}$') }} then '+86' || {{ expression }}
        when {{ regexp_matches(digits, '^([+]?86|0086)?1[3-9][0-9]{9}$') }}
            then '+86' || right({{ digits }}, 11)
    end
{%- endmacro %}
