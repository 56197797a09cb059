{% macro has_han(expression) -%}
    {{ regexp_matches(expression, '[\u3400-\u9fff]') }}
{%- endmacro %}
