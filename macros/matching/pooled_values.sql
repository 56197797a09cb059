{% macro pooled_values(values) -%}
    {%- set lists -%}
        list({{ values }}) filter (where {{ values }} is not null)
    {%- endset -%}
    {#- most groups are of one record, whose values are distinct and sorted -#}
    case
        when length({{ lists }}) > 1 then list_sort(list_distinct(flatten({{ lists }})))
        else {{ lists }}[1]
    end
{%- endmacro %}
