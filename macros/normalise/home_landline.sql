{% macro home_landline(expression) -%}
    {%- set digits = regexp_replaced(
        regexp_replaced(expression, '[.]0+$'), '[\\s().·\u3000\u00a0-]'
    ) -%}
    {#- the cities with eight digits; phonenumbers knows the rest -#}
    {%- set cities = '(?:10|2[0-57-9])(?:[2-7][0-9]|8[1-9])'
        ~ '|(?:3(?:11|7[179])|4(?:[15]1|3[12])|5(?:1[0-9]|2[37]|3[12]|51|7[13-79]|9[15])'
        ~ '|7(?:[39]1|5[57]|6[09])|8(?:71|98))[2-8][0-9]' -%}
    case
        when {{ regexp_matches(digits, '^(?:[+]?86|0086)?0?(?:' ~ cities ~ ')[0-9]{6}$') }}
            then '+86' || {{ regexp_replaced(digits, '^(?:[+]?86|0086)?0?') }}
    end
{%- endmacro %}
