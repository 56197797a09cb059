{% macro clean_text(expression) -%}
    nullif(trim(both ' {{ '\u3000\u00a0\ufeff\t\r\n' }}' from {{ expression }}), '')
{%- endmacro %}
