{% macro parse_phone(expression) -%}
    parse_phone({{ expression }})
{%- endmacro %}
