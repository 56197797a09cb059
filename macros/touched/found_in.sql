{% macro found_in(columns, key, relation) -%}
    {%- set columns = [columns] if columns is string else columns -%}
    (
    {%- for column in columns -%}
        {{ column }} in (select {{ (key or columns[0]).split('.') | last }} from {{ relation }})
        {%- if not loop.last %} or {% endif -%}
    {%- endfor -%}
    )
{%- endmacro %}
