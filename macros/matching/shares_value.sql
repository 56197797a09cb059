{% macro shares_value(values, other_values) -%}
    coalesce(list_has_any({{ values }}, {{ other_values }}), false)
{%- endmacro %}
