{% macro is_luhn(expression) -%}
    {#- padded to an even length, so that it is always the first, third, … digit that is doubled -#}
    {%- set digits = 'lpad(' ~ expression ~ ", 20, '0')" -%}
    (
        {%- for place in range(1, 21) %}
        cast(substr(
            {{ "'0246813579'" if place % 2 else "'0123456789'" }},
            1 + cast(substr({{ digits }}, {{ place }}, 1) as integer), 1
        ) as integer)
        {{- ' +' if not loop.last }}
        {%- endfor %}
    ) % 10 = 0
{%- endmacro %}
