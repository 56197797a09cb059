{% macro north_american_phone(expression) -%}
    {%- set number = '[(]?[2-9][0-8][0-9][)]?[ .-]*[2-9][0-9]{2}' -%}
    {#- 3-3-4 is no Chinese grouping; 400 and 800 numbers alone are grouped so in both countries -#}
    case
        when {{ regexp_matches(
            expression,
            '^(?:(?:[+]|00) *1[ .-]*' ~ number ~ '[ .-]*[0-9]{4}'
            ~ '|(?:1[ .-]*)?[(][2-9][0-8][0-9][)][ .-]*[2-9][0-9]{2}[ .-]?[0-9]{4}'
            ~ '|(?:1[ .-]+)?[2-9][0-8][0-9][ .-][2-9][0-9]{2}[ .-][0-9]{4})$'
        ) }}
        and not {{ regexp_matches(expression, '^[48]00[ .-]') }}
            then '+1' || right({{ regexp_replaced(expression, '[^0-9]') }}, 10)
    end
{%- endmacro %}
