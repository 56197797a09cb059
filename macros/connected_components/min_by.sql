{% macro min_by(expression, ordering) -%}
    min_by({{ expression }}, {{ ordering }})
{%- endmacro %}
