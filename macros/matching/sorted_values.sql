{% macro sorted_values(expression, condition) -%}
    list_sort(
        list(distinct {{ expression }})
            filter (where {{ condition }} and {{ expression }} is not null)
    )
{%- endmacro %}
