{% macro code_text(expression) -%}
    upper({{ regexp_replaced(narrow_text(expression), '[\\s\u3000\u00a0().·/-]') }})
{%- endmacro %}
