{% macro level_meanings(comparisons) -%}
    {%- for comparison in comparisons -%}
        map_from_entries(list((level, meaning || ' ' || weight)) filter (where comparison = '{{ comparison }}' and weight != 0)) as {{ comparison }}
        {%- if not loop.last -%},{%- endif -%}
    {%- endfor -%}
{%- endmacro %}
