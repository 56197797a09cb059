{% macro pooled_values(values) -%}
    list_sort(list_distinct(flatten(list({{ values }}) filter (where {{ values }} is not null))))
{%- endmacro %}
