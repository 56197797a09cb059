{% macro code_text(expression) -%}
    upper({{ regexp_replaced(
        regexp_replaced(narrow_text(expression), '[.]0+$'), "[\\s\u3000\u00a0().·/''’‘-]") }})
{%- endmacro %}
