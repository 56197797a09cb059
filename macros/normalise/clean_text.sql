{#- Text without blanks around it (full-width and non-breaking ones too); null if nothing is left. -#}
{#- clean_text('name') -> nullif(trim(both '…' from name), '') -#}
{% macro clean_text(expression) -%}
    nullif(trim(both ' {{ '\u3000\u00a0\ufeff\t\r\n' }}' from {{ expression }}), '')
{%- endmacro %}
