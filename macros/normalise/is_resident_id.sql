{% macro is_resident_id(expression) -%}
    {%- set weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2] -%}
    case
        when {{ regexp_matches(expression, '^[1-8][0-9]{16}[0-9X]$') }}
            then substr(
                '10X98765432',
                1 + (
                    {%- for weight in weights %}
                    {{ weight }} * cast(substr({{ expression }}, {{ loop.index }}, 1) as integer)
                    {{- ' +' if not loop.last }}
                    {%- endfor %}
                ) % 11,
                1
            ) = right({{ expression }}, 1)
            and try_cast(
                substr({{ expression }}, 7, 4) || '-' || substr({{ expression }}, 11, 2)
                || '-' || substr({{ expression }}, 13, 2) as date
            ) is not null
        else false
    end
{%- endmacro %}
