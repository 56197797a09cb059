{% macro resident_id_birth_date(expression) -%}
    try_cast(
        substr({{ expression }}, 7, 4) || '-' || substr({{ expression }}, 11, 2)
        || '-' || substr({{ expression }}, 13, 2) as date
    )
{%- endmacro %}
