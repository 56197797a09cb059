{% macro without_grouping(expression) -%}
    replace({{ clean_text(expression) }}, ',', '')
{%- endmacro %}
