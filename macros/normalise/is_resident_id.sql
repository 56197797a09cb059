{% macro is_resident_id(expression) -%}
    case
        when {{ regexp_matches(expression, '^[1-9][0-9]{16}[0-9X]$') }}
            then {{ resident_id_check_digit(expression) }} = right({{ expression }}, 1)
            and {{ resident_id_birth_date(expression) }} is not null
        else false
    end
{%- endmacro %}
