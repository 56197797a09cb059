{#- Part by part, of which 14 isn't in 1416: the street, the door or the unit is left out. -#}
{% macro is_part_of_address(one, other) -%}
    {{ has_all(
        "string_split(replace(" ~ one ~ ".rest_key, ' ', '-'), '-')",
        "string_split(replace(" ~ other ~ ".rest_key, ' ', '-'), '-')"
    ) }}
{%- endmacro %}
