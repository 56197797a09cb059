{% macro resident_id_check_digit(expression) -%}
    {%- set weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2] -%}
    substr(
        '10X98765432',
        1 + (
            {%- for weight in weights %}
            {{ weight }} * cast(substr({{ expression }}, {{ loop.index }}, 1) as integer)
            {{- ' +' if not loop.last }}
            {%- endfor %}
        ) % 11,
        1
    )
{%- endmacro %}
