{% macro sorted_values(expression, condition) -%}
    {%- set values -%}
        list({{ expression }}) filter (where {{ condition }} and {{ expression }} is not null)
    {%- endset -%}
    {#- most have one, which needs no sorting -#}
    case
        when length({{ values }}) > 1 then list_sort(list_distinct({{ values }}))
        else {{ values }}
    end
{%- endmacro %}
