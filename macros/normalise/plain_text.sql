{% macro plain_text(expression) -%}
    plain_text({{ expression }})
{%- endmacro %}
