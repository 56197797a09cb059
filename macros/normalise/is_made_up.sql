{% macro is_made_up(expression) -%}
    {#- one character again and again, or the digits in their order #}
    (
        replace({{ expression }}, left({{ expression }}, 1), '') = ''
        or contains('01234567890123456789', {{ expression }})
        or contains('98765432109876543210', {{ expression }})
    )
{%- endmacro %}
