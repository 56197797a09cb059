{% macro parse_decimal(expression, scale) -%}
    {%- set text = without_grouping(expression) -%}
    case
        when {{ regexp_matches(text, '^[-+]?[0-9]+([.][0-9]{1,' ~ scale ~ '}0*)?$') }}
            then cast({{ text }} as decimal(18, {{ scale }}))
    end
{%- endmacro %}
