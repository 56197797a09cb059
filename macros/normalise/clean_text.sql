{% macro clean_text(expression) -%}
    {%- set blanks = ' \u3000\u00a0\ufeff\t\r\n' -%}
    {#- trimming costs five times as much as seeing that there is nothing to trim -#}
    case
        when {{ regexp_matches(expression, '^[' ~ blanks ~ ']|[' ~ blanks ~ ']$|^$') }}
            then nullif(trim(both '{{ blanks }}' from {{ expression }}), '')
        else {{ expression }}
    end
{%- endmacro %}
