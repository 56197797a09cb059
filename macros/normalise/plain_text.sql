{% macro plain_text(expression) -%}
    {#- a text of ASCII with single spaces is plain as it is; only the rest is worth Python -#}
    case
        when {{ regexp_matches(expression, '^[!-~]+( [!-~]+)*$') }} then {{ expression }}
        else plain_text({{ expression }})
    end
{%- endmacro %}
