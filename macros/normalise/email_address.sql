{% macro email_address(expression) -%}
    {%- set narrow = 'lower(' ~ narrow_text(expression) ~ ')' -%}
    {{ regexp_replaced(
        regexp_replaced(narrow, '^.*<([^<>]*)>.*$', '\\1'), '^mailto:|[\\s\u3000\u00a0]'
    ) }}
{%- endmacro %}
