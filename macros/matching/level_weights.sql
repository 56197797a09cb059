{% macro level_weights(comparisons) -%}
    {%- for comparison in comparisons -%}
        map_from_entries(list((level, weight)) filter (where comparison = '{{ comparison }}')) as {{ comparison }}
        {%- if not loop.last -%},{%- endif -%}
    {%- endfor -%}
{%- endmacro %}
