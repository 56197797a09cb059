{% macro person_name(name, surname_length) -%}
    person_name({{ name }}, cast({{ surname_length }} as integer))
{%- endmacro %}
