{% macro is_organisation_code(expression) -%}
    {%- set alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ' -%}
    {%- set weights = [3, 7, 9, 10, 5, 8, 4, 2] -%}
    case
        when {{ regexp_matches(expression, '^[0-9A-Z]{8}[0-9X]$') }}
            then (
                {%- for weight in weights %}
                {{ weight }}
                * (strpos('{{ alphabet }}', substr({{ expression }}, {{ loop.index }}, 1)) - 1)
                {{- ' +' }}
                {%- endfor %}
                strpos('0123456789X', right({{ expression }}, 1)) - 1
            ) % 11 = 0
        else false
    end
{%- endmacro %}
