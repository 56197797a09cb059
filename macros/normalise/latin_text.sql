{% macro latin_text(expression) -%}
    latin_text({{ expression }})
{%- endmacro %}
